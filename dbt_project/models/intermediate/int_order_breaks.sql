with

breaks as (
    select * from {{ ref('int_standing_breaks') }}
    where order_id is not null
),

final as (
    select
        shop,
        order_id,
        sum(is_open) as open_breaks,
        sum(is_in_transit) as in_transit_breaks,
        sum(is_accepted) as accepted_breaks,
        min(case when is_open = 1 then coalesce(since, first_seen) end) as oldest_break_since
    from breaks
    group by
        shop,
        order_id
)

select * from final
