with

value_map as (
    select * from {{ source('backoffice', 'value_map') }}
),

final as (
    select
        -- ids
        shop,
        kind,
        key as map_key,

        -- what it is
        code
    from value_map
)

select * from final
