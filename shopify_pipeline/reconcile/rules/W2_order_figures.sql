-- The money and units of an order are the same in shop and warehouse, figure by figure.
-- source: the census's orders, sales, taxes, transactions and lines against the warehouse's; test orders included, but only
-- in the version that was counted: an order that is missing or older is rule W1's, a newer one will be counted next.
-- key: order and figure. Amounts ending in _presentment are in the currency the customer paid in, counts have none.

-- name: checked
select count(*)
from recon.census_orders as c
inner join shopify.orders as o on o.shop = c.shop and o.order_id = c.order_id
where c.shop = %(shop)s and not o._deleted and o.updated_at = c.updated_at;

-- name: differences
with same as (
    select c.order_id
    from recon.census_orders as c
    inner join shopify.orders as o on o.shop = c.shop and o.order_id = c.order_id
    where c.shop = %(shop)s and not o._deleted and o.updated_at = c.updated_at
),

counted as (
    select c.order_id, figure.name, figure.amount
    from recon.census_orders as c
    cross join lateral (
        values
        ('original_total_price', c.original_total),
        ('original_total_price_presentment', c.presentment_original_total),
        ('total_price', c.total),
        ('total_price_presentment', c.presentment_total),
        ('current_total_price', c.current_total),
        ('current_total_price_presentment', c.presentment_current_total),
        ('current_total_tax', c.current_tax),
        ('current_total_tax_presentment', c.presentment_current_tax),
        ('current_shipping_price', c.current_shipping),
        ('current_shipping_price_presentment', c.presentment_current_shipping),
        ('current_total_discounts', c.current_discounts),
        ('current_total_discounts_presentment', c.presentment_current_discounts),
        ('total_received', c.total_received),
        ('total_received_presentment', c.presentment_total_received),
        ('total_refunded', c.total_refunded),
        ('total_refunded_presentment', c.presentment_total_refunded),
        ('total_outstanding', c.total_outstanding),
        ('total_outstanding_presentment', c.presentment_total_outstanding)
    ) as figure (name, amount)
    where c.shop = %(shop)s
    union all
    select s.order_id, figure.name, figure.amount
    from (
        select
            order_id, count(*) as number, sum(total) as total, sum(presentment_total) as presentment_total,
            sum(presentment_tax) as presentment_tax, sum(presentment_discount) as presentment_discount,
            coalesce(sum(quantity), 0) as quantity
        from recon.census_sales
        where shop = %(shop)s
        group by order_id
    ) as s
    cross join lateral (
        values
        ('sales_count', s.number),
        ('sales_total', s.total),
        ('sales_total_presentment', s.presentment_total),
        ('sales_tax_presentment', s.presentment_tax),
        ('sales_discount_presentment', s.presentment_discount),
        ('sales_quantity_count', s.quantity)
    ) as figure (name, amount)
    union all
    select order_id, 'sale_taxes', sum(amount)
    from recon.census_sale_taxes
    where shop = %(shop)s
    group by order_id
    union all
    select t.order_id, figure.name, figure.amount
    from (
        select order_id, sum(amount) as amount, sum(presentment_amount) as presentment_amount
        from recon.census_transactions
        where shop = %(shop)s and status = 'SUCCESS'
        group by order_id
    ) as t
    cross join lateral (
        values
        ('transactions', t.amount),
        ('transactions_presentment', t.presentment_amount)
    ) as figure (name, amount)
    union all
    select l.order_id, figure.name, figure.amount
    from (
        select
            order_id, sum(quantity) as quantity, sum(current_quantity) as current, sum(unfulfilled_quantity) as unfulfilled
        from recon.census_lines
        where shop = %(shop)s
        group by order_id
    ) as l
    cross join lateral (
        values
        ('lines_quantity_count', l.quantity),
        ('lines_current_quantity_count', l.current),
        ('lines_unfulfilled_quantity_count', l.unfulfilled)
    ) as figure (name, amount)
),

held as (
    select o.order_id, figure.name, figure.amount
    from shopify.orders as o
    cross join lateral (
        values
        ('original_total_price', o.original_total_price_shop),
        ('original_total_price_presentment', o.original_total_price_presentment),
        ('total_price', o.total_price_shop),
        ('total_price_presentment', o.total_price_presentment),
        ('current_total_price', o.current_total_price_shop),
        ('current_total_price_presentment', o.current_total_price_presentment),
        ('current_total_tax', coalesce(o.current_total_tax_shop, 0)),
        ('current_total_tax_presentment', coalesce(o.current_total_tax_presentment, 0)),
        ('current_shipping_price', o.current_shipping_price_shop),
        ('current_shipping_price_presentment', o.current_shipping_price_presentment),
        ('current_total_discounts', coalesce(o.current_total_discounts_shop, 0)),
        ('current_total_discounts_presentment', coalesce(o.current_total_discounts_presentment, 0)),
        ('total_received', o.total_received_shop),
        ('total_received_presentment', o.total_received_presentment),
        ('total_refunded', o.total_refunded_shop),
        ('total_refunded_presentment', o.total_refunded_presentment),
        ('total_outstanding', o.total_outstanding_shop),
        ('total_outstanding_presentment', o.total_outstanding_presentment)
    ) as figure (name, amount)
    where o.shop = %(shop)s
    union all
    select s.order_id, figure.name, figure.amount
    from (
        select
            order_id, count(*) as number, sum(total_shop) as total, sum(total_presentment) as presentment_total,
            sum(total_tax_presentment) as presentment_tax, sum(discount_before_tax_presentment) as presentment_discount,
            coalesce(sum(quantity), 0) as quantity
        from shopify.order_sales
        where shop = %(shop)s
        group by order_id
    ) as s
    cross join lateral (
        values
        ('sales_count', s.number),
        ('sales_total', s.total),
        ('sales_total_presentment', s.presentment_total),
        ('sales_tax_presentment', s.presentment_tax),
        ('sales_discount_presentment', s.presentment_discount),
        ('sales_quantity_count', s.quantity)
    ) as figure (name, amount)
    union all
    select order_id, 'sale_taxes', sum(amount_shop)
    from shopify.order_sale_taxes
    where shop = %(shop)s
    group by order_id
    union all
    select t.order_id, figure.name, figure.amount
    from (
        select order_id, sum(amount_shop) as amount, sum(amount_presentment) as presentment_amount
        from shopify.order_transactions
        where shop = %(shop)s and status = 'SUCCESS'
        group by order_id
    ) as t
    cross join lateral (
        values
        ('transactions', t.amount),
        ('transactions_presentment', t.presentment_amount)
    ) as figure (name, amount)
    union all
    select l.order_id, figure.name, figure.amount
    from (
        select
            order_id, sum(quantity) as quantity, sum(current_quantity) as current, sum(unfulfilled_quantity) as unfulfilled
        from shopify.order_lines
        where shop = %(shop)s
        group by order_id
    ) as l
    cross join lateral (
        values
        ('lines_quantity_count', l.quantity),
        ('lines_current_quantity_count', l.current),
        ('lines_unfulfilled_quantity_count', l.unfulfilled)
    ) as figure (name, amount)
),

differing as (
    select
        coalesce(counted.order_id, held.order_id) as order_id,
        coalesce(counted.name, held.name) as figure,
        coalesce(counted.amount, 0) as expected,
        coalesce(held.amount, 0) as actual
    from counted
    full join held on held.order_id = counted.order_id and held.name = counted.name
    where coalesce(counted.amount, 0) <> coalesce(held.amount, 0)
)

select
    'orders/' || o.order_id as entity,
    d.figure as key,
    'amount_mismatch' as class,
    trim_scale(d.expected)::text as expected,
    trim_scale(d.actual)::text as actual,
    trim_scale(d.actual - d.expected) as difference,
    case
        when d.figure like '%%\_count' then null
        when d.figure like '%%\_presentment' then o.presentment_currency
        else o.currency
    end as currency,
    o.updated_at as since,
    concat(
        'order ', o.name, ', ', replace(d.figure, '_', ' '), ': the shop has ', trim_scale(d.expected), ', the warehouse ',
        trim_scale(d.actual)
    ) as message
from differing as d
inner join same on same.order_id = d.order_id
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = d.order_id
order by o.order_id, d.figure;
