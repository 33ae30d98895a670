with

fulfillments as (
    select * from {{ ref('stg_census_fulfillments') }}
),

fulfillment_lines as (
    select * from {{ ref('stg_census_fulfillment_lines') }}
),

lines as (
    select * from {{ ref('stg_census_lines') }}
),

variants as (
    select * from {{ ref('stg_census_variants') }}
),

shops as (
    select * from {{ ref('stg_shops') }}
),

-- A line of no variant and an untracked variant are nobody's stock; a cancelled fulfilment is back where it left.
final as (
    select
        fulfillments.shop,
        fulfillments.order_id,
        sum(fulfillment_lines.quantity) as units_shipped
    from fulfillments
    inner join fulfillment_lines
        on fulfillments.shop = fulfillment_lines.shop
        and fulfillments.fulfillment_id = fulfillment_lines.fulfillment_id
    inner join lines
        on fulfillment_lines.shop = lines.shop
        and fulfillment_lines.order_line_id = lines.order_line_id
    inner join shops
        on fulfillments.shop = shops.shop
    left join variants
        on lines.shop = variants.shop
        and lines.variant_id = variants.variant_id
    where fulfillments.status = 'SUCCESS'
        and lines.variant_id is not null
        and coalesce(variants.is_tracked, true)
        and {{ day_in_zone('fulfillments.created_at', 'shops.time_zone') }} >= shops.go_live_on
    group by
        fulfillments.shop,
        fulfillments.order_id
)

select * from final
