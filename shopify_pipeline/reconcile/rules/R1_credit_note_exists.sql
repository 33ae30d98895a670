-- Every refund and return has its credit note, and no credit note is of none.
-- source: the census's RefundAgreements and ReturnAgreements since go-live, fees and exchanges among them, against the
-- snapshot's posted documents. key: agreement and action. Neighbours: an order the back office does not have at all is
-- O1's; a missing document of an order or edit, and a foreign one that credits nothing, is O5's; amounts are R2a's and
-- R3's, a document on another order L4's. The money given back is P1's and R2b's, because it is not the credit note.

-- name: checked
select count(*)
from (
    select distinct agreement_id, action_type
    from expected_sales
    where is_in_books and agreement_type in ('RefundAgreement', 'ReturnAgreement')
) as credited;

-- name: differences
with owed as (
    select order_id, agreement_id, action_type, sum(total) as total, max(happened_at) as happened_at
    from expected_sales
    where is_in_books and agreement_type in ('RefundAgreement', 'ReturnAgreement')
    group by order_id, agreement_id, action_type
),

agreement as (
    select agreement_id, min(agreement_type) as agreement_type
    from expected_sales
    group by agreement_id
),

booked as (
    select d.agreement_id, d.action_type, min(d.order_id) as order_id, sum(d.total) as total, max(d.seen_at) as seen_at
    from booked_documents as d
    left join agreement as a on a.agreement_id = d.agreement_id
    where a.agreement_type in ('RefundAgreement', 'ReturnAgreement') or a.agreement_id is null and d.action_type = 'RETURN'
    group by d.agreement_id, d.action_type
),

alone as (
    select
        coalesce(owed.order_id, booked.order_id) as order_id,
        coalesce(owed.agreement_id, booked.agreement_id) as agreement_id,
        coalesce(owed.action_type, booked.action_type) as action_type,
        owed.total as owed_total,
        booked.total as booked_total,
        coalesce(owed.happened_at, booked.seen_at) as since
    from owed
    full join booked on booked.agreement_id = owed.agreement_id and booked.action_type = owed.action_type
    where owed.agreement_id is null or booked.agreement_id is null
)

select
    'orders/' || a.order_id as entity,
    a.agreement_id || '/' || a.action_type as key,
    case when a.booked_total is null then 'missing_backoffice' else 'missing_shopify' end as class,
    a.owed_total::text as expected,
    a.booked_total::text as actual,
    coalesce(a.booked_total, 0) - coalesce(a.owed_total, 0) as difference,
    o.currency,
    a.since,
    concat(
        'order ', coalesce(o.name, a.order_id::text), ', agreement ', a.agreement_id, ' ', a.action_type, ': ', case
            when a.booked_total is null then concat(a.owed_total, ' has no posted document')
            else concat('a document of ', a.booked_total, ' is posted, the shop has no such refund or return')
        end
    ) as message
from alone as a
left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = a.order_id
where a.booked_total is not null
    or exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = a.order_id)
order by a.order_id, a.agreement_id, a.action_type;
