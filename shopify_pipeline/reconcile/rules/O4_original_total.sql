-- What was ordered first is what the order's first agreement says.
-- source: originalTotalPriceSet against the sales of the order's OrderAgreement, both of the census, in the currency the
-- customer paid in, where the identity is exact for every order: edits, returns and refunds make agreements of other
-- types. In the shop's currency conversion may leave a rest. key: order. What the order is worth now is rule O5's.

-- name: checked
select count(*) from expected_orders;

-- name: differences
with placed as (
    select order_id, sum(presentment_total) as total
    from expected_sales
    where agreement_type = 'OrderAgreement'
    group by order_id
)

select
    'orders/' || o.order_id as entity,
    '' as key,
    'amount_mismatch' as class,
    o.presentment_original_total::text as expected,
    coalesce(placed.total, 0)::text as actual,
    coalesce(placed.total, 0) - o.presentment_original_total as difference,
    o.presentment_currency as currency,
    o.processed_at as since,
    concat(
        'order ', o.name, ': its first agreement sums to ', coalesce(placed.total, 0), ' ', o.presentment_currency,
        ', the order says it was placed for ', o.presentment_original_total
    ) as message
from expected_orders as e
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = e.order_id
left join placed on placed.order_id = e.order_id
where coalesce(placed.total, 0) <> o.presentment_original_total
order by o.order_id;
