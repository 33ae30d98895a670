-- Every document and payment belongs to the customer who ordered, in the company that keeps the shop's books.
-- source: who ordered by the census (the buying company, else the customer, else guest) against the party of the
-- receivable's lines; the company of each document and payment against the one the snapshot was read for; the order of a
-- document against its agreement's. A customer the shop no longer has was merged or deleted after it was booked, which is
-- for a person to follow. key: document or payment, and what of it. Neighbours: a payment on another order is P2's, what
-- is not booked at all O5's, R1's and P1's, a customer with two parties C1's.

-- name: checked
select (
    select count(distinct external_id) from booked_documents
) + (
    select count(*) from backoffice.payments where shop = %(shop)s
);

-- name: differences
with booked as (
    select 'documents' as resource, d.external_id, d.order_id as booked_order_id, d.company, s.order_id, s.happened_at
    from backoffice.documents as d
    inner join (
        select order_id, agreement_id, action_type, max(happened_at) as happened_at
        from expected_sales
        where is_in_books
        group by order_id, agreement_id, action_type
    ) as s on s.agreement_id = d.agreement_id and s.action_type = d.action_type
    where d.shop = %(shop)s and d.state in ('posted', 'paid')
    union all
    select 'payments', p.external_id, p.order_id, p.company, e.order_id, e.processed_at
    from backoffice.payments as p
    inner join expected_payments as e on e.transaction_id = p.transaction_id
    where p.shop = %(shop)s
),

ordered as (
    select
        b.*,
        o.name,
        case
            when o.company_id is not null then 'company/' || o.company_id
            else coalesce(o.customer_id::text, 'guest')
        end as party
    from booked as b
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = b.order_id
),

owing as (
    select l.resource, l.external_id, l.party
    from backoffice.ledger as l
    inner join backoffice.value_map as m
        on m.shop = l.shop and m.kind = 'account' and m.key = 'receivable' and m.code = l.account
    where l.shop = %(shop)s and l.amount <> 0
),

differing as (
    select
        b.order_id,
        b.name,
        b.external_id,
        b.happened_at,
        'party' as what,
        b.party as expected,
        string_agg(distinct owing.party, ' and ' order by owing.party) as actual,
        bool_and(
            owing.party ~ '^[0-9]+$'
            and not exists (
                select
                from recon.census_roots as r
                where r.shop = %(shop)s and r.stream = 'customers' and r.root_id = owing.party
            )
        ) as is_gone
    from ordered as b
    inner join owing on owing.resource = b.resource and owing.external_id = b.external_id and owing.party <> b.party
    where b.booked_order_id = b.order_id
    group by b.order_id, b.name, b.external_id, b.happened_at, b.party
    union all
    select b.order_id, b.name, b.external_id, b.happened_at, 'company', s.company, b.company, false
    from ordered as b
    inner join backoffice.snapshots as s on s.shop = %(shop)s and s.company <> b.company
    union all
    select
        b.order_id, b.name, b.external_id, b.happened_at, 'order', b.name, coalesce(o.name, b.booked_order_id::text), false
    from ordered as b
    left join recon.census_orders as o on o.shop = %(shop)s and o.order_id = b.booked_order_id
    where b.resource = 'documents' and b.booked_order_id <> b.order_id
)

select
    'orders/' || order_id as entity,
    external_id || ' ' || what as key,
    case when what = 'order' then 'orphan' when is_gone then 'attention' else 'status_mismatch' end as class,
    expected,
    actual,
    null::numeric as difference,
    null::text as currency,
    happened_at as since,
    concat('order ', name, ', ', external_id, ': ', case
        when what = 'order' then concat('it is booked on order ', actual)
        when is_gone then concat('it is owed by ', actual, ', who is no customer any more, and the order is now of ', expected)
        when what = 'party' then concat('it should be owed by ', expected, ' and is by ', coalesce(nullif(actual, ''), 'nobody'))
        else concat('it should be in the books of ', expected, ' and is in those of ', actual)
    end) as message
from differing
order by order_id, external_id, what;
