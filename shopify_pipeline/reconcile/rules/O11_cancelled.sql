-- A cancelled order owes nothing and ships nothing.
-- source: orders with cancelledAt in the census: the units of its lines against the snapshot's sale (only what had left
-- may be on it), and what its documents less its payments leave open against what the shop says is outstanding; the latter
-- for the orders rule O12 compares. key: order; difference: money too much, else units. Of other orders the units are
-- rule O9's and the money O12's; a missing credit note is R1's as well.

-- name: checked
select count(*) from booked_orders where is_cancelled;

-- name: differences
with wanted as (
    select e.order_id, e.order_line_id, e.quantity, e.is_stocked
    from expected_lines as e
    inner join booked_orders as o on o.order_id = e.order_id
    where o.is_cancelled
),

held as (
    select b.order_id, b.order_line_id, sum(b.quantity) as quantity
    from backoffice.order_lines as b
    inner join booked_orders as o on o.order_id = b.order_id
    where b.shop = %(shop)s and o.is_cancelled
    group by b.order_id, b.order_line_id
),

units as (
    select
        coalesce(wanted.order_id, held.order_id) as order_id,
        sum(coalesce(held.quantity, 0) - coalesce(wanted.quantity, 0)) as surplus,
        bool_or(coalesce(held.quantity, 0) <> coalesce(wanted.quantity, 0)) as is_different
    from wanted
    full join held on held.order_id = wanted.order_id and held.order_line_id = wanted.order_line_id
    where wanted.is_stocked or held.order_line_id is not null
    group by coalesce(wanted.order_id, held.order_id)
),

money as (
    select
        e.order_id,
        (select coalesce(sum(d.total), 0) from booked_documents as d where d.order_id = e.order_id)
        - (
            select coalesce(sum(p.amount), 0)
            from backoffice.payments as p
            where p.shop = %(shop)s and p.order_id = e.order_id
        )
        - e.amount as surplus
    from expected_receivables as e
    inner join booked_orders as o on o.order_id = e.order_id
    where o.is_cancelled
),

compared as (
    select
        o.order_id,
        o.name,
        o.currency,
        o.last_at,
        coalesce(units.is_different, false) as are_units_wrong,
        trim_scale(coalesce(units.surplus, 0)) as units,
        coalesce(money.surplus, 0) as money
    from booked_orders as o
    left join units on units.order_id = o.order_id
    left join money on money.order_id = o.order_id
    where o.is_cancelled
)

select
    'orders/' || order_id as entity,
    '' as key,
    'status_mismatch' as class,
    'cancelled' as expected,
    concat_ws(
        ', ',
        case when are_units_wrong then concat(units, ' units') end,
        case when money <> 0 then concat(money, ' ', currency) end
    ) as actual,
    case when money <> 0 then money else units end as difference,
    case when money <> 0 then currency end as currency,
    last_at as since,
    concat('order ', name, ' is cancelled, and the back office has ', concat_ws(
        ' and ',
        case when are_units_wrong then concat(units, ' units too many to ship') end,
        case when money <> 0 then concat(money, ' ', currency, ' too much open') end
    )) as message
from compared
where are_units_wrong or money <> 0
order by order_id;
