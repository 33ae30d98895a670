with

shops as (
    select * from {{ ref('stg_shops') }}
),

runs as (
    select * from {{ ref('stg_runs') }}
    where finished_at is not null
),

rules as (
    select * from {{ ref('stg_run_rules') }}
),

amounts as (
    select * from {{ ref('stg_run_amounts') }}
),

-- What a rule compared stands in the row of the shop's currency; another currency has a row of its own for its money.
counted as (
    select
        rules.run_id,
        rules.rule,
        shops.currency,
        rules.checked,
        rules.open_breaks - coalesce(elsewhere.open_breaks, 0) as open_breaks,
        rules.in_transit,
        rules.accepted
    from rules
    inner join shops
        on rules.shop = shops.shop
    left join (
        select
            amounts.run_id,
            amounts.rule,
            sum(amounts.open_breaks) as open_breaks
        from amounts
        inner join shops
            on amounts.shop = shops.shop
        where amounts.currency <> shops.currency
        group by
            amounts.run_id,
            amounts.rule
    ) as elsewhere
        on rules.run_id = elsewhere.run_id
        and rules.rule = elsewhere.rule

    union all

    select
        amounts.run_id,
        amounts.rule,
        amounts.currency,
        0 as checked,
        amounts.open_breaks,
        0 as in_transit,
        0 as accepted
    from amounts
    inner join shops
        on amounts.shop = shops.shop
    where amounts.currency <> shops.currency
),

newest as (
    select
        shop,
        max(run_id) as run_id
    from runs
    group by shop
),

final as (
    select
        -- ids
        runs.shop,
        runs.run_id,
        counted.rule,
        counted.currency,

        -- what it is
        rules.title,
        rules.severity,
        {{ day_in_zone('runs.started_at', 'shops.time_zone') }} as run_on,
        runs.as_of,
        runs.run_id = newest.run_id as is_newest_run,

        -- what it found
        counted.checked,
        cast(counted.open_breaks as bigint) as open_breaks,
        counted.in_transit,
        counted.accepted,

        -- money in the row's currency
        {{ money('coalesce(amounts.amount_at_risk, 0)') }} as amount_at_risk
    from counted
    inner join runs
        on counted.run_id = runs.run_id
    inner join newest
        on runs.shop = newest.shop
    inner join shops
        on runs.shop = shops.shop
    inner join rules
        on counted.run_id = rules.run_id
        and counted.rule = rules.rule
    left join amounts
        on counted.run_id = amounts.run_id
        and counted.rule = amounts.rule
        and counted.currency = amounts.currency
)

select * from final
