-- Nobody changed by hand what was booked from the shop.
-- source: the snapshot's edited records; key: record; tolerance: none; lag: no.

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
        case when e.resource = 'orders' then e.external_id else coalesce(d.order_id, p.order_id)::text end as order_id
    from backoffice.edited as e
    left join backoffice.documents as d
        on e.resource = 'documents' and d.shop = e.shop and d.external_id = e.external_id
    left join backoffice.payments as p
        on e.resource = 'payments' and p.shop = e.shop and p.external_id = e.external_id
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
    %(as_of)s::timestamptz as since,
    concat(record, ' of ', resource, ' ', external_id, ' was changed in the back office by hand: ', what) as message
from edited
order by resource, external_id;
