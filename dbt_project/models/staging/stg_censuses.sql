with

censuses as (
    select * from {{ source('recon', 'censuses') }}
),

final as (
    select
        -- ids
        shop,

        -- times
        as_of,
        taken_at
    from censuses
)

select * from final
