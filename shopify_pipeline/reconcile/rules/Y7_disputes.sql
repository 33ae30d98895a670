-- Every dispute stands on the dispute account, and a lost one is a loss.
-- source: the census's balance transactions of types DISPUTE_* and CHARGEBACK_* since go-live (expected_balance) against the
-- ledger lines of the entries balance/<id>, and its lost chargebacks, with what they had taken, against dispute/<id>. What
-- was taken before go-live counts when the opening balances brought it. key: balance transaction or dispute, and account
-- when the entry is there; tolerance: none; lag: yes. All other types, and entries balance/<id> the shop does not have, are
-- rule Y4's. Words without an entry in the value map are refused by the push and rule U1's.

-- name: checked
select (
    select count(distinct balance_transaction_id) from expected_balance where is_dispute
) + (
    select count(*)
    from recon.census_disputes
    where shop = %(shop)s and type = 'CHARGEBACK' and status in ('LOST', 'ACCEPTED')
        and finalized_on >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
);

-- name: differences
with lost as (
    select d.dispute_id, d.finalized_on, d.order_id, d.currency, -sum(b.amount) filter (
        where b.transaction_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
            or exists (
                select
                from backoffice.ledger as opened
                where opened.shop = d.shop and opened.resource = 'entries'
                    and opened.external_id = 'opening/dispute/' || d.dispute_id
            )
    ) as withdrawn
    from recon.census_disputes as d
    inner join recon.census_balance as b
        on b.shop = d.shop and b.source_type = 'DISPUTE' and b.source_id = d.dispute_id
        and b.type in ('DISPUTE_WITHDRAWAL', 'DISPUTE_REVERSAL') and not b.is_test
    where d.shop = %(shop)s and d.type = 'CHARGEBACK' and d.status in ('LOST', 'ACCEPTED')
        and d.finalized_on >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
    group by d.shop, d.dispute_id
),

code as (
    select
        max(code) filter (where key = 'DISPUTE_LOST') as loss,
        max(code) filter (where key = 'DISPUTE_WITHDRAWAL') as withdrawal
    from backoffice.value_map
    where shop = %(shop)s and kind = 'balance'
),

legs as (
    select
        'balance/' || balance_transaction_id as external_id, account, amount, leg = 'clearing' as is_first
    from expected_balance
    where is_dispute
    union all
    select 'dispute/' || lost.dispute_id, leg.account, leg.amount, leg.is_first
    from lost
    cross join code
    cross join lateral (
        values (code.loss, lost.withdrawn, true), (code.withdrawal, -lost.withdrawn, false)
    ) as leg (account, amount, is_first)
    where code.loss <> code.withdrawal
),

subject as (
    select
        'balance/' || b.balance_transaction_id as external_id,
        'balance_transactions/' || b.balance_transaction_id as entity,
        concat('balance transaction ', b.balance_transaction_id, ' (', b.type, ')') as name,
        b.order_id, b.currency, b.transaction_at as happened_at
    from recon.census_balance as b
    where b.shop = %(shop)s and 'balance/' || b.balance_transaction_id in (select external_id from legs)
    union all
    select
        'dispute/' || dispute_id, 'disputes/' || dispute_id, concat('lost dispute ', dispute_id), order_id, currency, finalized_on
    from lost
),

owed as (
    select external_id, account, sum(amount) as amount
    from legs
    group by external_id, account
),

booked as (
    select external_id, account, sum(amount) as amount, max(booked_on) as booked_on
    from backoffice.ledger
    where shop = %(shop)s and resource = 'entries'
        and (external_id in (select external_id from legs) or starts_with(external_id, 'dispute/'))
    group by external_id, account
),

differing as (
    select external_id, '' as account, 'missing_backoffice' as class, sum(amount) filter (where is_first) as owed_amount,
        null::numeric as booked_amount, null::date as booked_on
    from legs
    where external_id not in (select external_id from booked)
    group by external_id
    having bool_or(amount <> 0)
    union all
    select external_id, '', 'missing_shopify', null, sum(amount) filter (where amount > 0), max(booked_on)
    from booked
    where starts_with(external_id, 'dispute/') and not exists (
        select from lost where 'dispute/' || lost.dispute_id = booked.external_id
    )
    group by external_id
    union all
    select
        coalesce(owed.external_id, booked.external_id), coalesce(owed.account, booked.account), 'amount_mismatch',
        coalesce(owed.amount, 0), coalesce(booked.amount, 0), null
    from owed
    full join booked on booked.external_id = owed.external_id and booked.account = owed.account
    where coalesce(owed.amount, 0) <> coalesce(booked.amount, 0)
        and coalesce(owed.external_id, booked.external_id) in (select external_id from owed)
        and coalesce(owed.external_id, booked.external_id) in (select external_id from booked)
),

own as (
    select min(currency) as currency
    from recon.census_orders
    where shop = %(shop)s
)

select
    coalesce(s.entity, 'disputes/' || split_part(d.external_id, '/', 2)) as entity,
    d.account as key,
    d.class,
    trim_scale(d.owed_amount)::text as expected,
    trim_scale(d.booked_amount)::text as actual,
    coalesce(d.booked_amount, 0) - coalesce(d.owed_amount, 0) as difference,
    coalesce(s.currency, own.currency) as currency,
    coalesce(s.happened_at, least((d.booked_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s)) as since,
    concat(
        coalesce(s.name, 'dispute ' || split_part(d.external_id, '/', 2)), ' of order ' || coalesce(o.name, s.order_id::text),
        case d.class
            when 'missing_backoffice' then concat(' over ', trim_scale(d.owed_amount), ' is not booked')
            when 'missing_shopify' then concat(' is booked as lost over ', trim_scale(d.booked_amount), ', and the shop did not lose it')
            else concat(
                ': account ', d.account, ' should hold ', trim_scale(d.owed_amount), ' and holds ', trim_scale(d.booked_amount)
            )
        end
    ) as message
from differing as d
cross join own
left join subject as s on s.external_id = d.external_id
left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = s.order_id
order by d.external_id, d.account;
