with

run_rules as (
    select * from {{ source('recon', 'run_rules') }}
),

final as (
    select
        -- ids
        run_id,
        shop,
        rule,

        -- what it is
        title,
        severity,

        -- counts
        checked,
        open_breaks,
        in_transit,
        accepted
    from run_rules
)

select * from final
