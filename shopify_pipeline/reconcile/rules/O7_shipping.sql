-- The shipping of an order's sales is the shipping the order itself tells.
-- source: currentShippingPriceSet against the SHIPPING sales, both of the census, in the currency the customer paid in. The
-- order tells prices as the shop shows them: with tax where prices include it, else without. The identity is exact for
-- every order, also one with its shipping refunded; in the shop's currency conversion may leave a rest, so it is not asked
-- there. key: order. What was booked as shipping is rule L1's.

-- name: checked
select count(*) from expected_orders;

-- name: differences
with sold as (
    select s.order_id, sum(s.presentment_total - case when o.taxes_included then 0 else s.presentment_tax end) as amount
    from recon.census_sales as s
    inner join recon.census_orders as o on o.shop = s.shop and o.order_id = s.order_id
    where s.shop = %(shop)s and s.line_type = 'SHIPPING'
    group by s.order_id
)

select
    'orders/' || o.order_id as entity,
    '' as key,
    'amount_mismatch' as class,
    o.presentment_current_shipping::text as expected,
    coalesce(sold.amount, 0)::text as actual,
    coalesce(sold.amount, 0) - o.presentment_current_shipping as difference,
    o.presentment_currency as currency,
    e.last_at as since,
    concat(
        'order ', o.name, ': shipping in the shop''s ledger is ', coalesce(sold.amount, 0), ' ', o.presentment_currency,
        ', the order says ', o.presentment_current_shipping
    ) as message
from expected_orders as e
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = e.order_id
left join sold on sold.order_id = e.order_id
where coalesce(sold.amount, 0) <> o.presentment_current_shipping
order by o.order_id;
