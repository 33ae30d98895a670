with

shops as (
    select * from {{ ref('stg_shops') }}
),

censuses as (
    select * from {{ ref('stg_censuses') }}
),

snapshots as (
    select * from {{ ref('stg_snapshots') }}
),

runs as (
    select
        shop,
        max(as_of) as judged_until
    from {{ ref('stg_runs') }}
    where finished_at is not null
    group by shop
),

final as (
    select
        -- ids
        shops.shop,

        -- settings
        shops.time_zone,
        shops.currency,
        shops.go_live_on,

        -- readings
        censuses.as_of as shop_read_at,
        snapshots.as_of as books_read_at,

        -- judgement
        runs.judged_until,
        coalesce(runs.judged_until >= censuses.as_of, false) as is_judged
    from shops
    left join censuses
        on shops.shop = censuses.shop
    left join snapshots
        on shops.shop = snapshots.shop
    left join runs
        on shops.shop = runs.shop
)

select * from final
