with

census_fulfillment_lines as (
    select * from {{ source('recon', 'census_fulfillment_lines') }}
),

final as (
    select
        -- ids
        shop,
        fulfillment_id,
        order_line_id,
        order_id,

        -- units
        quantity
    from census_fulfillment_lines
)

select * from final
