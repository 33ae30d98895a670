with

transactions as (
    select * from {{ ref('stg_census_transactions') }}
),

orders as (
    select * from {{ ref('int_counted_orders') }}
),

shops as (
    select * from {{ ref('stg_shops') }}
),

-- An authorisation moves no money, and neither does anything that did not succeed.
moved as (
    select
        transactions.*,
        orders.currency,
        case when transactions.kind in ('REFUND', 'CHANGE') then -1 else 1 end as direction,
        {{ day_in_zone('transactions.processed_at', 'shops.time_zone') }} as paid_on,
        shops.go_live_on
    from transactions
    inner join orders
        on transactions.shop = orders.shop
        and transactions.order_id = orders.order_id
    left join shops
        on transactions.shop = shops.shop
    where transactions.status = 'SUCCESS'
        and transactions.kind in ('SALE', 'CAPTURE', 'REFUND', 'CHANGE')
),

final as (
    select
        -- ids
        shop,
        transaction_id,
        order_id,

        -- what it is
        kind,
        coalesce(gateway, '') as gateway,
        processed_at,
        paid_on,
        coalesce(paid_on >= go_live_on, false) as is_in_books,

        -- money in shop currency
        currency,
        direction * amount as amount,
        direction * rounding as rounding
    from moved
)

select * from final
