with

run_amounts as (
    select * from {{ source('recon', 'run_amounts') }}
),

final as (
    select
        -- ids
        run_id,
        shop,
        rule,
        currency,

        -- counts
        open_breaks,

        -- money in its currency
        amount_at_risk
    from run_amounts
)

select * from final
