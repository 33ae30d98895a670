with

lines as (
    select * from {{ ref('stg_order_lines') }}
),

final as (
    select
        -- ids
        shop,
        order_id,

        -- units
        count(*) as line_count,
        sum(quantity) as units_ordered,
        sum(current_quantity) as units_current,

        -- money in shop currency
        {{ money('sum(original_total_shop)') }} as lines_total
    from lines
    group by
        shop,
        order_id
)

select * from final
