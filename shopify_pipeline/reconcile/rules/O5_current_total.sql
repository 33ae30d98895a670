-- What was invoiced and credited for an order is what Shopify's ledger says, and its own current total agrees.
-- source: posted documents against the census's sales (key ledger); for an order that lies wholly in the books its sales
-- also against currentTotalPriceSet, which leaves adjustments out, in the currency the customer paid in: what conversion
-- leaves between the two is a residual (recon.fx_residuals) (key current). key: order. A document of an order or edit that
-- is missing is this rule's; of a refund or return it is R1's, and shows here as an amount. An order the back office lacks
-- is O1's, one the shop lacks O2's; offsetting errors of documents are L1's and R2a's.

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

missing as (
    select s.order_id, string_agg(distinct s.agreement_id || '/' || s.action_type, ', ') as documents
    from expected_sales as s
    where s.is_in_books and s.agreement_type not in ('RefundAgreement', 'ReturnAgreement')
        and not exists (
            select
            from booked_documents as d
            where d.agreement_id = s.agreement_id and d.action_type = s.action_type
        )
    group by s.order_id
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
        o.order_id,
        o.name,
        o.currency,
        coalesce(owed.total, 0) as owed_total,
        case when o.presentment_currency = o.currency then owed.current else owed.presentment_current end as current_by_ledger,
        case
            when not owed.is_whole then null
            when o.presentment_currency = o.currency then o.current_total
            else o.presentment_current_total
        end as current_total,
        o.presentment_currency,
        coalesce(booked.total, 0) as booked_total,
        coalesce(booked.currencies > 1 or booked.currency <> o.currency, false) as is_other_currency,
        booked.currency as booked_currency,
        missing.documents as missing_documents,
        coalesce(owed.last_at, booked.seen_at) as since
    from owed
    full join booked on booked.order_id = owed.order_id
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = coalesce(owed.order_id, booked.order_id)
    left join missing on missing.order_id = o.order_id
    where booked.order_id is not null
        or exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = owed.order_id)
),

differing as (
    select *, 'ledger' as key
    from compared
    where owed_total <> booked_total or is_other_currency or missing_documents is not null
    union all
    select *, 'current' as key
    from compared
    where current_by_ledger <> current_total
)

select
    'orders/' || order_id as entity,
    key,
    case
        when key = 'current' then 'amount_mismatch'
        when is_other_currency then 'currency_mismatch'
        when missing_documents is not null then 'missing_backoffice'
        else 'amount_mismatch'
    end as class,
    case
        when key = 'current' then current_total::text
        when is_other_currency then concat(owed_total, ' ', currency)
        else owed_total::text
    end as expected,
    case
        when key = 'current' then current_by_ledger::text
        when is_other_currency then concat(booked_total, ' ', booked_currency)
        else booked_total::text
    end as actual,
    case when key = 'current' then current_by_ledger - current_total else booked_total - owed_total end as difference,
    case when key = 'current' then presentment_currency else currency end as currency,
    since,
    case
        when key = 'current' then concat(
            'order ', name, ': the shop''s ledger sums to ', current_by_ledger, ' without adjustments, its current total is ', current_total
        )
        when is_other_currency then concat('order ', name, ' is in ', currency, ', its documents are in ', booked_currency)
        when missing_documents is not null then concat(
            'order ', name, ': document ', missing_documents, ' is not posted; the shop''s ledger says ', owed_total,
            ', the documents say ', booked_total
        )
        else concat('order ', name, ': the shop''s ledger says ', owed_total, ', the documents say ', booked_total)
    end as message
from differing
order by order_id, key;
