with

snapshots as (
    select * from {{ source('backoffice', 'snapshots') }}
),

final as (
    select
        -- ids
        shop,

        -- what it is
        company,

        -- times
        as_of
    from snapshots
)

select * from final
