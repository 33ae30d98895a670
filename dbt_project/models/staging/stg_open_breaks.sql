with

open_breaks as (
    select * from {{ source('recon', 'open_breaks') }}
),

final as (
    select
        -- ids
        break_id,
        shop,

        -- age
        cast(age_days as bigint) as age_days,
        age_bucket,

        -- money in the break's currency
        currency,
        amount_at_risk
    from open_breaks
)

select * from final
