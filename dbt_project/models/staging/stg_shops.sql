with

shops as (
    select * from {{ source('ops', 'shops') }}
),

final as (
    select
        -- ids
        shop,

        -- settings
        time_zone,
        currency,
        go_live_on
    from shops
)

select * from final
