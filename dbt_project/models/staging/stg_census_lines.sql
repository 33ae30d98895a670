with

census_lines as (
    select * from {{ source('recon', 'census_lines') }}
),

final as (
    select
        -- ids
        shop,
        order_line_id,
        order_id,
        variant_id,

        -- units
        quantity,
        current_quantity,
        unfulfilled_quantity
    from census_lines
)

select * from final
