with

sales as (
    select * from {{ ref('stg_census_sales') }}
),

orders as (
    select * from {{ ref('int_counted_orders') }}
),

shops as (
    select * from {{ ref('stg_shops') }}
),

dated as (
    select
        sales.*,
        orders.currency,
        shops.go_live_on,
        {{ day_in_zone('sales.happened_at', 'shops.time_zone') }} as happened_on
    from sales
    inner join orders
        on sales.shop = orders.shop
        and sales.order_id = orders.order_id
    left join shops
        on sales.shop = shops.shop
),

final as (
    select
        -- ids
        shop,
        sale_id,
        order_id,
        agreement_id,
        refund_id,

        -- what it is
        agreement_type,
        action_type,
        happened_at,
        happened_on,
        coalesce(happened_on >= go_live_on, false) as is_in_books,

        -- money in shop currency
        currency,
        total,
        tax
    from dated
)

select * from final
