with

sales as (
    select * from {{ ref('int_sales') }}
),

transactions as (
    select * from {{ ref('stg_order_transactions') }}
),

fulfillments as (
    select * from {{ ref('stg_fulfillments') }}
),

refunds as (
    select * from {{ ref('stg_refunds') }}
),

refund_lines as (
    select * from {{ ref('stg_refund_lines') }}
),

shops as (
    select * from {{ ref('stg_shops') }}
),

facts as (
    select
        shop,
        order_id,
        happened_at
    from sales

    union all

    select
        shop,
        order_id,
        coalesce(processed_at, created_at) as happened_at
    from transactions
    where status = 'SUCCESS'
        and kind in ('SALE', 'CAPTURE', 'REFUND')

    union all

    select
        shop,
        order_id,
        created_at as happened_at
    from fulfillments
    where status = 'SUCCESS'

    union all

    select
        refunds.shop,
        refunds.order_id,
        coalesce(refunds.created_at, refunds.processed_at) as happened_at
    from refunds
    inner join refund_lines
        on refunds.shop = refund_lines.shop
        and refunds.refund_id = refund_lines.refund_id
    where refund_lines.restock_type = 'RETURN'
        and refund_lines.location_id is not null
),

latest as (
    select
        shop,
        order_id,
        max(happened_at) as last_fact_at
    from facts
    group by
        shop,
        order_id
),

final as (
    select
        latest.shop,
        latest.order_id,
        latest.last_fact_at,
        {{ day_in_zone('latest.last_fact_at', 'shops.time_zone') }} as last_fact_on
    from latest
    left join shops
        on latest.shop = shops.shop
)

select * from final
