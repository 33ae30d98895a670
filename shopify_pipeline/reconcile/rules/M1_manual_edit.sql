-- Nobody changed by hand what was booked from the shop.
-- source: the records of which the back office says that they are no longer what was pushed. key: record. What the change
-- did to amounts, accounts or days is found by the rules of those; this one says that it was a person.

-- name: checked
select
    (select count(*) from backoffice.orders where shop = %(shop)s)
    + (select count(*) from backoffice.documents where shop = %(shop)s)
    + (select count(*) from backoffice.payments where shop = %(shop)s);

-- name: differences
with edited as (
    select
        e.resource,
        e.external_id,
        e.record,
        e.what,
        case e.resource
            when 'orders' then e.external_id
            when 'documents' then (
                select min(d.order_id) from backoffice.documents as d where d.shop = e.shop and d.external_id = e.external_id
            )::text
            when 'payments' then (
                select p.order_id from backoffice.payments as p where p.shop = e.shop and p.external_id = e.external_id
            )::text
        end as order_id
    from backoffice.edited as e
    where e.shop = %(shop)s
)

select
    case when order_id is null then resource || '/' || external_id else 'orders/' || order_id end as entity,
    resource || '/' || external_id as key,
    'manual_edit' as class,
    null::text as expected,
    what as actual,
    null::numeric as difference,
    null::text as currency,
    null::timestamptz as since,
    concat(record, ' of ', resource, ' ', external_id, ' was changed in the back office by hand: ', what) as message
from edited
order by resource, external_id;
