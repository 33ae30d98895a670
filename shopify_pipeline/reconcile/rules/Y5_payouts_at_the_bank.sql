-- Every paid payout has reached the bank account in the books.
-- source: the census's payouts against the ledger lines of the entries payout/<id> and, for one the bank gave back,
-- payout_back/<id>: both together come to the net on the bank account, and to nothing unless the payout is PAID. Since
-- go-live, and those under way then that the opening balances brought. key: payout, and account when the entry is there;
-- tolerance: none; lag: yes. Whether Shopify's net is right is rule Y2's; what the bank's own statement says is nobody's
-- here. Without a bank or clearing account in the value map nothing is owed (the push refuses it).

-- name: checked
select count(*)
from recon.census_payouts
where shop = %(shop)s and status = 'PAID'
    and issued_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s;

-- name: differences
with code as (
    select
        max(code) filter (where kind = 'account' and key = 'bank') as bank,
        max(code) filter (where kind = 'gateway' and key = 'shopify_payments') as clearing
    from backoffice.value_map
    where shop = %(shop)s
),

due as (
    select
        p.payout_id::text as id, case when p.direction = 'WITHDRAWAL' then -abs(p.net) else abs(p.net) end as net
    from recon.census_payouts as p
    where p.shop = %(shop)s and p.status = 'PAID' and p.net <> 0
        and (
            p.issued_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
            or exists (
                select
                from backoffice.ledger as opened
                where opened.shop = p.shop and opened.resource = 'entries'
                    and opened.external_id = 'opening/payout/' || p.payout_id
            )
        )
),

owed as (
    select due.id, leg.account, sum(leg.amount) as amount
    from due
    cross join code
    cross join lateral (values (code.bank, due.net), (code.clearing, -due.net)) as leg (account, amount)
    where code.bank is not null and code.clearing is not null
    group by due.id, leg.account
),

booked as (
    select split_part(external_id, '/', 2) as id, account, sum(amount) as amount, max(booked_on) as booked_on
    from backoffice.ledger
    where shop = %(shop)s and resource = 'entries'
        and (starts_with(external_id, 'payout/') or starts_with(external_id, 'payout_back/'))
    group by split_part(external_id, '/', 2), account
),

whole as (
    select
        booked.id,
        coalesce(sum(booked.amount) filter (where booked.account = code.bank), 0) as amount,
        bool_or(booked.amount <> 0) as is_out,
        least((max(booked.booked_on) + 1)::timestamp at time zone %(time_zone)s, %(as_of)s) as seen_at
    from booked
    cross join code
    group by booked.id
),

back as (
    select source_id::text as id, max(transaction_at) as at
    from recon.census_balance
    where shop = %(shop)s and type in ('TRANSFER_FAILURE', 'TRANSFER_CANCEL')
    group by source_id
),

differing as (
    select due.id, '' as account, 'missing_backoffice' as class, due.net as owed_amount, null::numeric as booked_amount
    from due
    cross join code
    where due.id not in (select id from booked) and code.bank is not null and code.clearing is not null
    union all
    select
        whole.id, '', case when p.status in ('FAILED', 'CANCELED') then 'missing_backoffice' else 'missing_shopify' end,
        0, whole.amount
    from whole
    left join recon.census_payouts as p on p.shop = %(shop)s and p.payout_id::text = whole.id
    where whole.is_out and whole.id not in (select id from due)
    union all
    select
        coalesce(owed.id, booked.id), coalesce(owed.account, booked.account), 'amount_mismatch',
        coalesce(owed.amount, 0), coalesce(booked.amount, 0)
    from owed
    full join booked on booked.id = owed.id and booked.account = owed.account
    where coalesce(owed.amount, 0) <> coalesce(booked.amount, 0)
        and coalesce(owed.id, booked.id) in (select id from owed)
        and coalesce(owed.id, booked.id) in (select id from booked)
),

own as (
    select min(currency) as currency
    from recon.census_orders
    where shop = %(shop)s
)

select
    'payouts/' || d.id as entity,
    d.account as key,
    d.class,
    trim_scale(d.owed_amount)::text as expected,
    trim_scale(d.booked_amount)::text as actual,
    coalesce(d.booked_amount, 0) - d.owed_amount as difference,
    coalesce(p.currency, own.currency) as currency,
    case
        when d.class = 'missing_shopify' then whole.seen_at
        when p.status <> 'PAID' then coalesce(back.at, whole.seen_at)
        else p.issued_at
    end as since,
    concat(
        'payout ', d.id, ' of ' || (p.issued_at at time zone %(time_zone)s)::date, case
            when d.class = 'missing_backoffice' and p.status = 'PAID'
                then concat(': ', trim_scale(d.owed_amount), ' reached the bank and is not booked')
            when d.class = 'missing_backoffice'
                then concat(': the bank gave it back, and the books still hold ', trim_scale(d.booked_amount))
            when d.class = 'missing_shopify'
                then concat(': ', trim_scale(d.booked_amount), ' is booked, and the shop says ', coalesce(p.status, 'there is no such payout'))
            else concat(
                ': account ', d.account, ' should hold ', trim_scale(d.owed_amount), ' and holds ', trim_scale(d.booked_amount)
            )
        end
    ) as message
from differing as d
cross join own
left join whole on whole.id = d.id
left join back on back.id = d.id
left join recon.census_payouts as p on p.shop = %(shop)s and p.payout_id::text = d.id
order by d.id, d.account;
