-- The product of an order's line is the variant that was sold.
-- source: the variant of each line of the census against the product on the snapshot's sales; of a line whose variant the
-- shop has deleted it tells none, so that nothing is compared. key: order line. Units are rule O9's and O11's, whether the
-- variant has a product at all is I5's.

-- name: checked
select count(*)
from backoffice.order_lines as b
inner join expected_lines as e on e.order_id = b.order_id and e.order_line_id = b.order_line_id
where b.shop = %(shop)s and e.product is not null;

-- name: differences
select
    'orders/' || o.order_id as entity,
    e.order_line_id::text as key,
    'status_mismatch' as class,
    e.product as expected,
    string_agg(b.product, ', ' order by b.product) as actual,
    null::numeric as difference,
    null::text as currency,
    o.last_at as since,
    concat(
        'order ', o.name, ', line ', e.order_line_id, ': variant ', e.product, ' was sold, the back office ships ',
        string_agg(b.product, ', ' order by b.product)
    ) as message
from backoffice.order_lines as b
inner join expected_lines as e on e.order_id = b.order_id and e.order_line_id = b.order_line_id
inner join booked_orders as o on o.order_id = b.order_id
where b.shop = %(shop)s and b.product <> e.product
group by o.order_id, o.name, o.last_at, e.order_line_id, e.product
order by o.order_id, e.order_line_id;
