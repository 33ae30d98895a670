with

runs as (
    select * from {{ source('recon', 'runs') }}
),

final as (
    select
        -- ids
        run_id,
        shop,

        -- times
        as_of,
        started_at,
        finished_at
    from runs
)

select * from final
