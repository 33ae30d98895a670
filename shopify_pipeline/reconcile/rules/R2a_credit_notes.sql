-- What was credited (or charged, for fees and exchanges) by a refund or return is what its agreement says.
-- source: posted documents of RefundAgreements and ReturnAgreements against their sales, adjustments and fees included;
-- refund money is rule R2b's, because it is not the credit note. key: agreement and action; tolerance: none; lag: yes.

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

booked as (
    select d.order_id, d.agreement_id, d.action_type, sum(d.total) as total, max(d.seen_at) as seen_at
    from booked_documents as d
    where (
        select s.agreement_type
        from expected_sales as s
        where s.agreement_id = d.agreement_id
        limit 1
    ) in ('RefundAgreement', 'ReturnAgreement')
    or d.action_type = 'RETURN' and not exists (select from expected_sales as s where s.agreement_id = d.agreement_id)
    group by d.order_id, d.agreement_id, d.action_type
),

differing as (
    select
        coalesce(owed.order_id, booked.order_id) as order_id,
        coalesce(owed.agreement_id, booked.agreement_id) as agreement_id,
        coalesce(owed.action_type, booked.action_type) as action_type,
        owed.total as owed_total,
        booked.total as booked_total,
        coalesce(owed.happened_at, booked.seen_at) as since
    from owed
    full join booked
        on booked.order_id = owed.order_id and booked.agreement_id = owed.agreement_id
        and booked.action_type = owed.action_type
    where owed.total is distinct from booked.total
)

select
    'orders/' || d.order_id as entity,
    d.agreement_id || '/' || d.action_type as key,
    case
        when d.booked_total is null then 'missing_backoffice'
        when d.owed_total is null then 'missing_shopify'
        else 'amount_mismatch'
    end as class,
    d.owed_total::text as expected,
    d.booked_total::text as actual,
    coalesce(d.booked_total, 0) - coalesce(d.owed_total, 0) as difference,
    o.currency,
    d.since,
    concat(
        'order ', coalesce(o.name, d.order_id::text), ', agreement ', d.agreement_id, ' ', d.action_type,
        ': the shop says ', coalesce(d.owed_total::text, 'nothing'), ', the document says ', coalesce(d.booked_total::text, 'nothing')
    ) as message
from differing as d
left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = d.order_id
where d.booked_total is not null
    or exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = d.order_id)
order by d.order_id, d.agreement_id, d.action_type;
