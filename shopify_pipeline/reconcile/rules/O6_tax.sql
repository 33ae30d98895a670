-- The tax of an order's documents is the tax of Shopify's ledger, and its own current tax agrees.
-- source: tax of posted documents against the census's sales of the same agreements and actions (key ledger); for an order
-- that lies wholly in the books the ledger's tax also against currentTotalTaxSet, in the currency the customer paid in:
-- what conversion leaves between the two is a residual (recon.fx_residuals) (key current). key: order. A document that is
-- missing is rule O5's or R1's; by credit note tax is R3's, by tax code L2's.

-- name: checked
select count(distinct s.order_id)
from expected_sales as s
inner join booked_documents as d on d.order_id = s.order_id
where s.is_in_books;

-- name: differences
with owed as (
    select
        order_id,
        coalesce(sum(tax) filter (where is_in_books and is_booked), 0) as tax,
        sum(tax) as current,
        sum(presentment_tax) as presentment_current,
        bool_and(is_in_books or is_left_out) as is_whole,
        max(happened_at) filter (where is_in_books) as last_at
    from (
        select
            s.*,
            exists (
                select
                from booked_documents as d
                where d.agreement_id = s.agreement_id and d.action_type = s.action_type
            ) as is_booked
        from expected_sales as s
    ) as sales
    group by order_id
),

booked as (
    select order_id, sum(tax) as tax
    from booked_documents
    group by order_id
),

compared as (
    select
        o.order_id,
        o.name,
        o.currency,
        owed.tax as owed_tax,
        case when o.presentment_currency = o.currency then owed.current else owed.presentment_current end as current_by_ledger,
        case
            when not owed.is_whole then null
            when o.presentment_currency = o.currency then o.current_tax
            else o.presentment_current_tax
        end as current_tax,
        o.presentment_currency,
        booked.tax as booked_tax,
        coalesce(owed.last_at, o.updated_at) as since
    from booked
    inner join owed on owed.order_id = booked.order_id
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = booked.order_id
),

differing as (
    select *, 'ledger' as key
    from compared
    where owed_tax <> booked_tax
    union all
    select *, 'current' as key
    from compared
    where current_by_ledger <> current_tax
)

select
    'orders/' || order_id as entity,
    key,
    'amount_mismatch' as class,
    case when key = 'current' then current_tax else owed_tax end::text as expected,
    case when key = 'current' then current_by_ledger else booked_tax end::text as actual,
    case when key = 'current' then current_by_ledger - current_tax else booked_tax - owed_tax end as difference,
    case when key = 'current' then presentment_currency else currency end as currency,
    since,
    case
        when key = 'current' then concat(
            'order ', name, ': tax in the shop''s ledger is ', current_by_ledger, ', its current tax is ', current_tax
        )
        else concat('order ', name, ': tax in the shop''s ledger is ', owed_tax, ', tax in the documents is ', booked_tax)
    end as message
from differing
order by order_id, key;
