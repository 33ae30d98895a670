-- The discounts of an order's sales are the discounts the order itself tells.
-- source: currentTotalDiscountsSet against the discounts of all sales, both of the census, in the currency the customer
-- paid in; with tax where prices include it, else before it (the two discounts of a sale are the same one told twice). The
-- identity is exact for every order; in the shop's currency conversion may leave a rest, so it is not asked there.
-- key: order. A discount wrongly taken off a document shows in its amount: rules O5 and R2a.

-- name: checked
select count(*) from expected_orders;

-- name: differences
with sold as (
    select
        s.order_id,
        sum(case when o.taxes_included then s.presentment_discount_with_tax else s.presentment_discount end) as amount
    from recon.census_sales as s
    inner join recon.census_orders as o on o.shop = s.shop and o.order_id = s.order_id
    where s.shop = %(shop)s
    group by s.order_id
)

select
    'orders/' || o.order_id as entity,
    '' as key,
    'amount_mismatch' as class,
    o.presentment_current_discounts::text as expected,
    coalesce(sold.amount, 0)::text as actual,
    coalesce(sold.amount, 0) - o.presentment_current_discounts as difference,
    o.presentment_currency as currency,
    e.last_at as since,
    concat(
        'order ', o.name, ': discounts in the shop''s ledger are ', coalesce(sold.amount, 0), ' ', o.presentment_currency,
        ', the order says ', o.presentment_current_discounts
    ) as message
from expected_orders as e
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = e.order_id
left join sold on sold.order_id = e.order_id
where coalesce(sold.amount, 0) <> o.presentment_current_discounts
order by o.order_id;
