with

breaks as (
    select * from {{ source('recon', 'breaks') }}
),

final as (
    select
        -- ids
        break_id,
        shop,
        rule,
        entity,
        key as break_key,

        -- what it is
        class as break_class,
        severity,
        status,
        expected,
        actual,
        message,
        proposed_repair,

        -- money in the break's currency, or units
        currency,
        difference as amount,

        -- who answers for it
        accepted_because,
        accepted_until,

        -- times
        since,
        first_seen,
        last_seen,
        closed_at,

        -- counts
        runs_seen
    from breaks
)

select * from final
