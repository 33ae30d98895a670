-- Fees and other movements of the balance stand on the accounts the value map says.
-- source: the census's balance transactions since go-live through the value map (expected_balance) against the ledger lines
-- of the entries balance/<id>. key: balance transaction, and account when the entry is there; tolerance: none; lag: yes.
-- Types of disputes and chargebacks are rule Y7's, payments themselves P1's and P2's, transfers Y5's. A type, or the fee or
-- clearing account, without an entry in the value map is refused by the push and rule U1's; one whose payment is not known
-- to have succeeded is Y3's. An entry of what the shop does not have is here, whatever it stands on.

-- name: checked
select count(distinct balance_transaction_id) from expected_balance where not is_dispute;

-- name: differences
with booked as (
    select split_part(external_id, '/', 2) as id, account, sum(amount) as amount, max(booked_on) as booked_on
    from backoffice.ledger
    where shop = %(shop)s and resource = 'entries' and starts_with(external_id, 'balance/')
    group by split_part(external_id, '/', 2), account
),

whole as (
    select
        id,
        coalesce(sum(amount) filter (where account = clearing.code), 0) as amount,
        least((max(booked_on) + 1)::timestamp at time zone %(time_zone)s, %(as_of)s) as seen_at
    from booked
    left join backoffice.value_map as clearing
        on clearing.shop = %(shop)s and clearing.kind = 'gateway' and clearing.key = 'shopify_payments'
    group by id
),

owed as (
    select balance_transaction_id::text as id, account, sum(amount) as amount
    from expected_balance
    where not is_dispute
    group by balance_transaction_id, account
),

missing as (
    select balance_transaction_id::text as id, sum(amount) filter (where leg = 'clearing') as amount
    from expected_balance
    where not is_dispute and balance_transaction_id::text not in (select id from booked)
    group by balance_transaction_id
    having bool_or(amount <> 0)
),

differing as (
    select id, '' as account, 'missing_backoffice' as class, amount as owed_amount, null::numeric as booked_amount
    from missing
    union all
    select whole.id, '', 'missing_shopify', null, whole.amount
    from whole
    where not exists (
        select
        from recon.census_balance as b
        where b.shop = %(shop)s and b.balance_transaction_id::text = whole.id
            and not b.is_test and not starts_with(b.type, 'TRANSFER')
            and b.transaction_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
    )
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
    'balance_transactions/' || d.id as entity,
    d.account as key,
    d.class,
    trim_scale(d.owed_amount)::text as expected,
    trim_scale(d.booked_amount)::text as actual,
    coalesce(d.booked_amount, 0) - coalesce(d.owed_amount, 0) as difference,
    coalesce(b.currency, own.currency) as currency,
    case when d.class = 'missing_shopify' then whole.seen_at else b.transaction_at end as since,
    concat(
        'balance transaction ', d.id, case when b.type is not null then concat(' (', b.type, coalesce(' of order ' || o.name, ''), ')') end,
        case d.class
            when 'missing_backoffice' then concat(' over ', trim_scale(d.owed_amount), ' on the clearing account is not booked')
            when 'missing_shopify' then ' is booked, and the shop has no such movement since go-live'
            else concat(
                ': account ', d.account, ' should hold ', trim_scale(d.owed_amount), ' and holds ', trim_scale(d.booked_amount)
            )
        end
    ) as message
from differing as d
cross join own
left join whole on whole.id = d.id
left join recon.census_balance as b on b.shop = %(shop)s and b.balance_transaction_id::text = d.id
left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = b.order_id
order by d.id, d.account;
