with

breaks as (
    select * from {{ ref('stg_breaks') }}
    where status in ('open', 'accepted')
),

-- The ledger names what a break is about; a variant or an entry of the value map is no order. What asks for attention
-- only is no difference.
final as (
    select
        -- ids
        break_id,
        shop,
        rule,
        entity,
        break_key,
        case when entity like 'orders/%' then cast(replace(entity, 'orders/', '') as bigint) end as order_id,

        -- what it counts as
        cast(case when status = 'open' and break_class not in ('in_transit', 'attention') then 1 else 0 end as bigint) as is_open,
        cast(case when status = 'open' and break_class = 'in_transit' then 1 else 0 end as bigint) as is_in_transit,
        cast(case when status = 'accepted' then 1 else 0 end as bigint) as is_accepted,

        -- times
        since,
        first_seen
    from breaks
)

select * from final
