-- What was invoiced and credited for an order is what Shopify's ledger says, and the order's own current total agrees.
-- source: posted documents against the census's sales; for an order that lies wholly in the books its sales also against
-- currentTotalPriceSet, which leaves adjustments out, in the currency the customer paid in: what conversion leaves between
-- the two is a residual (recon.fx_residuals). key: order; tolerance: none; lag: yes.

-- name: checked
select count(*)
from expected_orders as e
where exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = e.order_id);

-- name: differences
with owed as (
    select
        order_id,
        coalesce(sum(total) filter (where is_in_books), 0) as total,
        coalesce(sum(total) filter (where is_in_books and line_type <> 'ADJUSTMENT'), 0) as current,
        coalesce(sum(presentment_total) filter (where is_in_books and line_type <> 'ADJUSTMENT'), 0) as presentment_current,
        bool_and(is_in_books or is_left_out) as is_whole,
        max(happened_at) filter (where is_in_books) as last_at
    from expected_sales
    group by order_id
),

booked as (
    select
        order_id,
        sum(total) as total,
        min(currency) as currency,
        count(distinct currency) as currencies,
        max(seen_at) as seen_at
    from booked_documents
    group by order_id
),

compared as (
    select
        coalesce(owed.order_id, booked.order_id) as order_id,
        o.order_id is not null as is_known,
        coalesce(o.name, booked.order_id::text) as name,
        coalesce(o.currency, booked.currency) as currency,
        coalesce(owed.total, 0) as owed_total,
        case when o.presentment_currency = o.currency then owed.current else owed.presentment_current end as current_by_ledger,
        case
            when not owed.is_whole then null
            when o.presentment_currency = o.currency then o.current_total
            else o.presentment_current_total
        end as current_total,
        o.presentment_currency,
        booked.total as booked_total,
        booked.currencies > 1 or booked.currency <> o.currency as is_other_currency,
        booked.currency as booked_currency,
        coalesce(owed.last_at, booked.seen_at, o.updated_at) as since
    from owed
    full join booked on booked.order_id = owed.order_id
    left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = coalesce(owed.order_id, booked.order_id)
    where booked.order_id is not null
        or exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = owed.order_id)
),

differing as (
    select *, 'ledger' as key
    from compared
    where owed_total <> coalesce(booked_total, 0) or is_other_currency
    union all
    select *, 'current' as key
    from compared
    where owed_total = coalesce(booked_total, 0) and current_by_ledger <> current_total
)

select
    'orders/' || order_id as entity,
    key,
    case
        when not is_known then 'missing_shopify'
        when is_other_currency then 'currency_mismatch'
        when booked_total is null then 'missing_backoffice'
        else 'amount_mismatch'
    end as class,
    case when key = 'current' then current_total else owed_total end::text as expected,
    concat_ws(' ', booked_total, case when is_other_currency then booked_currency end) as actual,
    case when key = 'current' then current_by_ledger - current_total else coalesce(booked_total, 0) - owed_total end as difference,
    case when key = 'current' then presentment_currency else currency end as currency,
    since,
    case
        when key = 'current' then concat(
            'order ', name, ': the shop''s ledger sums to ', current_by_ledger, ' without adjustments, its current total is ', current_total
        )
        when is_other_currency then concat('order ', name, ' is in ', currency, ', its documents are in ', booked_currency)
        when not is_known then concat('documents of ', booked_total, ' belong to order ', name, ', which the shop does not have')
        else concat('order ', name, ': the shop''s ledger says ', owed_total, ', the documents say ', coalesce(booked_total, 0))
    end as message
from differing
order by order_id, key;
