-- The units of an order's line to be shipped are the same in shop and back office.
-- source: what is unfulfilled of each line plus what left since go-live, by the census, against the lines of the
-- snapshot's sales; a line that is not stocked may be missing, and one that is there must be right. key: order line. The
-- product is rule O10's; a cancelled order is O11's; what moved is F1's and F2's; an order that is there twice is O3's.

-- name: checked
select count(*)
from booked_orders as b
inner join expected_lines as e on e.order_id = b.order_id
where not b.is_cancelled and e.is_stocked;

-- name: differences
with booked as (
    select order_id, order_line_id, sum(quantity) as quantity, string_agg(product, ', ' order by product) as products
    from backoffice.order_lines
    where shop = %(shop)s
    group by order_id, order_line_id
),

compared as (
    select
        coalesce(e.order_id, b.order_id) as order_id,
        coalesce(e.order_line_id, b.order_line_id) as order_line_id,
        e.order_line_id is not null as is_known,
        b.order_line_id is not null as is_booked,
        coalesce(e.quantity, 0) as expected,
        coalesce(b.quantity, 0) as actual,
        b.products
    from expected_lines as e
    full join booked as b on b.order_id = e.order_id and b.order_line_id = e.order_line_id
    where e.is_stocked or b.order_line_id is not null
)

select
    'orders/' || c.order_id as entity,
    c.order_line_id::text as key,
    case
        when not c.is_known then 'missing_shopify'
        when not c.is_booked then 'missing_backoffice'
        else 'quantity_mismatch'
    end as class,
    case when c.is_known then c.expected::text end as expected,
    case when c.is_booked then trim_scale(c.actual)::text end as actual,
    trim_scale(c.actual - c.expected) as difference,
    null::text as currency,
    o.last_at as since,
    concat('order ', o.name, ', ', case
        when not c.is_known then concat('units the shop did not sell: ', trim_scale(c.actual), ' of product ', c.products)
        when not c.is_booked then concat('line ', c.order_line_id, ' of ', c.expected, ' units is not in the back office')
        else concat(
            'line ', c.order_line_id, ': the shop ships ', c.expected, ' units, the back office ', trim_scale(c.actual)
        )
    end) as message
from compared as c
inner join booked_orders as o on o.order_id = c.order_id
where not o.is_cancelled and c.expected <> c.actual
order by c.order_id, c.order_line_id;
