-- What was credited (or charged, for fees and exchanges) by a refund or return is what its agreement says.
-- source: totals of the snapshot's posted documents against the sales of their RefundAgreements and
-- ReturnAgreements, adjustments, fees and exchanges included. key: agreement and action. Neighbours: a document that is
-- missing or foreign is R1's; the documents of an order together are O5's, their tax R3's, their accounts L1's.

-- name: checked
select count(*)
from (
    select distinct s.agreement_id, s.action_type
    from expected_sales as s
    inner join booked_documents as d on d.agreement_id = s.agreement_id and d.action_type = s.action_type
    where s.is_in_books and s.agreement_type in ('RefundAgreement', 'ReturnAgreement')
) as credited;

-- name: differences
with owed as (
    select order_id, agreement_id, action_type, sum(total) as amount, max(happened_at) as happened_at
    from expected_sales
    where is_in_books and agreement_type in ('RefundAgreement', 'ReturnAgreement')
    group by order_id, agreement_id, action_type
),

booked as (
    select agreement_id, action_type, sum(total) as amount
    from booked_documents
    group by agreement_id, action_type
)

select
    'orders/' || owed.order_id as entity,
    owed.agreement_id || '/' || owed.action_type as key,
    'amount_mismatch' as class,
    owed.amount::text as expected,
    booked.amount::text as actual,
    booked.amount - owed.amount as difference,
    o.currency,
    owed.happened_at as since,
    concat(
        'order ', o.name, ', agreement ', owed.agreement_id, ' ', owed.action_type, ': the shop says ', owed.amount,
        ', the document says ', booked.amount
    ) as message
from owed
inner join booked on booked.agreement_id = owed.agreement_id and booked.action_type = owed.action_type
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = owed.order_id
where owed.amount <> booked.amount
order by owed.order_id, owed.agreement_id, owed.action_type;
