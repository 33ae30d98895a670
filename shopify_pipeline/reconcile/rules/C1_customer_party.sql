-- Every customer with an order in the books is one party.
-- source: company, customer or guest of the census's orders against the snapshot's parties; a party is there twice when
-- two records carry one external id, or when one with none, or one of no customer the shop has, shares an e-mail address
-- with a party of the shop. Two customers with one address are the shop's own. key: customer. Which party a document is
-- booked on is rule L4's; customers of orders the back office lacks are O1's.

-- name: checked
select count(distinct coalesce('company/' || o.company_id, o.customer_id::text, 'guest'))
from expected_orders as e
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = e.order_id;

-- name: differences
with buyers as (
    select
        coalesce('company/' || o.company_id, o.customer_id::text, 'guest') as external_id,
        min(e.first_at) as first_at,
        count(*) as orders
    from expected_orders as e
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = e.order_id
    where exists (select from backoffice.orders as b where b.shop = %(shop)s and b.order_id = e.order_id)
    group by 1
),

held as (
    select
        p.record, p.external_id, p.contact,
        p.external_id in ('', 'guest') or starts_with(p.external_id, 'company/') or c.root_id is not null as is_known
    from backoffice.parties as p
    left join recon.census_roots as c
        on c.shop = p.shop and c.stream = 'customers' and c.root_id = p.external_id
    where p.shop = %(shop)s
),

pairs as (
    select external_id, record as ours, record
    from held
    where external_id <> ''
    union
    select ours.external_id, ours.record, other.record
    from held as ours
    inner join held as other
        on other.contact = ours.contact and other.record <> ours.record
        and (other.external_id = '' or not other.is_known)
    where ours.external_id <> '' and ours.is_known and ours.contact <> ''
),

records as (
    select external_id, count(distinct record) as number, string_agg(distinct record, ' and ' order by record) as names
    from pairs
    group by external_id
),

differing as (
    select
        b.external_id, 'missing_backoffice' as class, 0 as number, b.first_at as since,
        concat(b.orders, ' orders in the books and no party in the back office') as what
    from buyers as b
    where not exists (select from held where held.external_id = b.external_id)
    union all
    select external_id, 'duplicate', number, null, concat(number, ' parties in the back office: ', names)
    from records
    where number > 1
)

select
    'customers/' || external_id as entity,
    '' as key,
    class,
    '1' as expected,
    number::text as actual,
    (number - 1)::numeric as difference,
    null::text as currency,
    since,
    concat('customer ', external_id, ' has ', what) as message
from differing
order by external_id;
