-- A charge or refund of Shopify Payments settles what its payment booked.
-- source: the census's balance transactions of type CHARGE and REFUND that name an order's transaction, against the
-- snapshot's payments. key: balance transaction; tolerance: none; lag: yes. It is a second witness beside the order's own
-- transactions: a payment that is not booked as its transaction says is rules P1's and P2's, and none here. Of an order in
-- another currency the amount is not compared: what conversion leaves has its line on the [balance] account (rule Y4).

-- name: checked
select count(*)
from recon.census_balance
where shop = %(shop)s and not is_test and type in ('CHARGE', 'REFUND') and order_transaction_id is not null
    and transaction_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s;

-- name: differences
with settled as (
    select
        b.balance_transaction_id, b.type, b.currency, b.amount, b.transaction_at, b.order_transaction_id as transaction_id,
        b.order_id, o.name,
        o.currency = o.presentment_currency and o.currency = b.currency as is_one_currency,
        case when t.kind = 'REFUND' then -t.amount else t.amount end as moved
    from recon.census_balance as b
    left join recon.census_transactions as t
        on t.shop = b.shop and t.transaction_id = b.order_transaction_id
        and t.status = 'SUCCESS' and t.kind in ('SALE', 'CAPTURE', 'REFUND')
    left join recon.census_orders as o on o.shop = b.shop and o.order_id = coalesce(t.order_id, b.order_id)
    where b.shop = %(shop)s and not b.is_test and b.type in ('CHARGE', 'REFUND')
        and b.order_transaction_id is not null
        and b.transaction_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
        and not coalesce(o.is_test, false)
),

booked as (
    select transaction_id, sum(amount) as amount
    from backoffice.payments
    where shop = %(shop)s
    group by transaction_id
),

differing as (
    select settled.*, booked.amount as booked_amount
    from settled
    left join booked on booked.transaction_id = settled.transaction_id
    where case
        when settled.moved is null then booked.amount is null
        else settled.is_one_currency and booked.amount = settled.moved and booked.amount <> settled.amount
    end
)

select
    'balance_transactions/' || balance_transaction_id as entity,
    '' as key,
    case when booked_amount is null then 'missing_backoffice' else 'amount_mismatch' end as class,
    trim_scale(amount)::text as expected,
    trim_scale(booked_amount)::text as actual,
    coalesce(booked_amount, 0) - amount as difference,
    currency,
    transaction_at as since,
    concat(
        'balance transaction ', balance_transaction_id, ' settles ', trim_scale(amount), ' of transaction ', transaction_id,
        ' of order ', coalesce(name, order_id::text, '?'), case
            when booked_amount is null then ', which is not booked: the order has no such successful transaction'
            else concat(', and its payment booked ', trim_scale(booked_amount))
        end
    ) as message
from differing
order by balance_transaction_id;
