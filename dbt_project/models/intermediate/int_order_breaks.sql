with

breaks as (
    select * from {{ ref('stg_breaks') }}
),

-- The ledger names what a break is about; a variant or an entry of the value map is no order.
about_orders as (
    select
        *,
        case when entity like 'orders/%' then cast(replace(entity, 'orders/', '') as bigint) end as order_id
    from breaks
),

final as (
    select
        shop,
        order_id,
        sum(case when status = 'open' and break_class <> 'in_transit' then 1 else 0 end) as open_breaks,
        sum(case when status = 'open' and break_class = 'in_transit' then 1 else 0 end) as in_transit_breaks,
        sum(case when status = 'accepted' then 1 else 0 end) as accepted_breaks,
        min(case when status = 'open' and break_class <> 'in_transit' then since end) as oldest_break_since
    from about_orders
    where order_id is not null
        and status in ('open', 'accepted')
    group by
        shop,
        order_id
)

select * from final
