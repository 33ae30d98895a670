with

census_sales as (
    select * from {{ source('recon', 'census_sales') }}
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
        line_type,

        -- money in shop currency
        total,
        tax,

        -- times
        happened_at
    from census_sales
)

select * from final
