with

sales as (
    select * from {{ ref('int_counted_sales') }}
    where is_in_books
),

payments as (
    select * from {{ ref('int_counted_payments') }}
    where is_in_books
),

orders as (
    select * from {{ ref('int_counted_orders') }}
),

fulfillments as (
    select * from {{ ref('stg_census_fulfillments') }}
),

restocks as (
    select * from {{ ref('stg_census_restocks') }}
),

shops as (
    select * from {{ ref('stg_shops') }}
),

-- Units that left, came back from a fulfilment that was cancelled, or went back on a shelf.
moved as (
    select
        shop,
        order_id,
        created_at as moved_at
    from fulfillments
    where status in ('SUCCESS', 'CANCELLED')

    union all

    select
        shop,
        order_id,
        updated_at as moved_at
    from fulfillments
    where status = 'CANCELLED'

    union all

    select
        shop,
        order_id,
        restocked_at as moved_at
    from restocks
),

moved_in_books as (
    select
        moved.shop,
        moved.order_id
    from moved
    inner join orders
        on moved.shop = orders.shop
        and moved.order_id = orders.order_id
    inner join shops
        on moved.shop = shops.shop
    where {{ day_in_zone('moved.moved_at', 'shops.time_zone') }} >= shops.go_live_on
),

final as (
    select
        shop,
        order_id
    from sales

    union

    select
        shop,
        order_id
    from payments

    union

    select
        shop,
        order_id
    from moved_in_books
)

select * from final
