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
        status,

        -- money in the break's currency
        currency,
        difference as amount,

        -- times
        since,
        first_seen,
        last_seen
    from breaks
)

select * from final
