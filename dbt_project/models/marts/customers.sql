with

customers as (
    select * from {{ ref('stg_customers') }}
),

shops as (
    select * from {{ ref('stg_shops') }}
),

customer_orders as (
    select * from {{ ref('int_customer_orders') }}
    where not is_test
),

sales as (
    select * from {{ ref('int_order_sales') }}
),

-- An order sold in another currency, from before the shop changed its own, counts and is not added up.
counted as (
    select
        customer_orders.shop,
        customer_orders.customer_id,
        count(*) as lifetime_order_count,
        sum(case when sales.currency = shops.currency then sales.net_sales else 0 end) as lifetime_net_sales,
        sum(case when sales.currency <> shops.currency then 1 else 0 end) as other_currency_order_count,
        min(customer_orders.processed_at) as first_ordered_at,
        max(customer_orders.processed_at) as last_ordered_at,
        max(case when customer_orders.customer_order_number = 1 then customer_orders.order_id end) as first_order_id
    from customer_orders
    left join shops
        on customer_orders.shop = shops.shop
    left join sales
        on customer_orders.shop = sales.shop
        and customer_orders.order_id = sales.order_id
    group by
        customer_orders.shop,
        customer_orders.customer_id
),

final as (
    select
        -- ids
        customers.shop,
        customers.customer_id,

        -- what they are
        customers.state,
        customers.locale,
        customers.has_email,
        customers.is_email_verified,
        customers.email_marketing_state,
        customers.has_phone,
        customers.is_tax_exempt,

        -- lifetime, in the shop's currency
        shops.currency,
        cast(coalesce(counted.lifetime_order_count, 0) as bigint) as lifetime_order_count,
        {{ money('coalesce(counted.lifetime_net_sales, 0)') }} as lifetime_net_sales,
        cast(coalesce(counted.other_currency_order_count, 0) as bigint) as other_currency_order_count,
        counted.first_order_id,
        counted.first_ordered_at,
        counted.last_ordered_at,
        coalesce(counted.lifetime_order_count, 0) > 1 as is_repeat,

        -- times
        customers.created_at,
        customers.updated_at,

        -- load
        customers.load_id
    from customers
    left join shops
        on customers.shop = shops.shop
    left join counted
        on customers.shop = counted.shop
        and customers.customer_id = counted.customer_id
)

select * from final
