with

sales as (
    select * from {{ ref('stg_order_sales') }}
),

agreements as (
    select * from {{ ref('stg_order_agreements') }}
),

orders as (
    select * from {{ ref('stg_orders') }}
),

shops as (
    select * from {{ ref('stg_shops') }}
),

classified as (
    select
        *,
        total_shop - tax_shop as net,
        case
            when line_type = 'PRODUCT' and action_type in ('ORDER', 'UPDATE') then 'sale'
            when line_type = 'PRODUCT' and action_type = 'RETURN' then 'return'
            when line_type = 'GIFT_CARD' then 'gift_card'
            when line_type = 'SHIPPING' then 'shipping'
            when line_type = 'TIP' then 'tip'
            when line_type = 'DUTY' then 'duty'
            when line_type in ('FEE', 'ADDITIONAL_FEE') then 'fee'
            when line_type = 'ADJUSTMENT' then 'adjustment'
            else 'unclassified'
        end as part
    from sales
),

final as (
    select
        -- ids
        classified.shop,
        classified.sale_id,
        classified.agreement_id,
        classified.order_id,

        -- what it is
        classified.part,
        agreements.agreement_type = 'OrderAgreement' as is_placement,
        orders.is_test,
        agreements.happened_at,
        {{ day_in_zone('agreements.happened_at', 'shops.time_zone') }} as happened_on,

        -- units
        case when classified.part = 'sale' then coalesce(classified.quantity, 0) else 0 end as units_sold,
        case when classified.part = 'return' then coalesce(classified.quantity, 0) else 0 end as units_returned,

        -- money in shop currency, before tax
        classified.currency,
        {{ money("case when part = 'sale' then net + discount_shop else 0 end") }} as gross_sales,
        {{ money("case when part = 'sale' then -discount_shop else 0 end") }} as discounts,
        {{ money("case when part = 'return' then net else 0 end") }} as returns,
        {{ money("case when part in ('sale', 'return') then net else 0 end") }} as net_sales,
        {{ money("case when part = 'gift_card' then net else 0 end") }} as gift_cards,
        {{ money("case when part = 'shipping' then net else 0 end") }} as shipping,
        {{ money("case when part = 'tip' then net else 0 end") }} as tips,
        {{ money("case when part = 'duty' then net else 0 end") }} as duties,
        {{ money("case when part = 'fee' then net else 0 end") }} as fees,
        {{ money("case when part = 'adjustment' then net else 0 end") }} as adjustments,
        {{ money("case when part = 'unclassified' then net else 0 end") }} as unclassified,

        -- money in shop currency, tax and sum
        classified.tax_shop as taxes,
        classified.total_shop as total_sales,

        -- money in presentment currency, tax included
        classified.total_presentment,
        {{ money("case when part = 'adjustment' then total_presentment else 0 end") }} as adjustments_presentment,

        -- load
        orders.load_id
    from classified
    inner join agreements
        on classified.shop = agreements.shop
        and classified.agreement_id = agreements.agreement_id
    inner join orders
        on classified.shop = orders.shop
        and classified.order_id = orders.order_id
    left join shops
        on classified.shop = shops.shop
)

select * from final
