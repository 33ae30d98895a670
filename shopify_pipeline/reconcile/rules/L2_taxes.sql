-- Every document reports base and amount under the taxes the value map says.
-- source: the taxes of the census's sales, through the value map, against what the back office's tax reports are made of.
-- A sale's base is its total less its taxes, and counts once under each code; under a code on which nothing is owed the
-- books need not report a base. key: document and tax. Neighbours: the sum of taxes of an order is O6's, of a credit note
-- R3's, its account L1's; a tax without an entry U1's; a document that is not booked at all O5's and R1's.

-- name: checked
select count(distinct external_id) from booked_documents;

-- name: differences
with named as (
    select
        s.order_id,
        s.agreement_id || '/' || s.action_type as external_id,
        s.sale_id,
        s.happened_at,
        s.total - s.tax as base,
        t.amount,
        m.code
    from expected_sales as s
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = s.order_id
    inner join recon.census_sale_taxes as t on t.shop = o.shop and t.sale_id = s.sale_id
    left join backoffice.value_map as m
        on m.shop = o.shop and m.kind = 'tax'
        and m.key = concat(
            t.title,
            ' ' || trim_scale(t.rate * 100) || '%%',
            case
                when t.channel_liable then ' (channel)'
                when t.channel_liable is null
                    and o.source_name not in ('web', 'pos', 'shopify_draft_order', 'iphone', 'android')
                    then ' (liability unknown)'
            end
        )
    where s.is_in_books
),

taxed as (
    select order_id, external_id, sale_id, code, happened_at, base, sum(amount) as amount
    from named
    where external_id not in (select external_id from named where code is null)
    group by order_id, external_id, sale_id, code, happened_at, base
),

signed as (
    select external_id, code, sum(base) as base, sum(amount) as amount
    from taxed
    group by external_id, code, coalesce(nullif(amount, 0), base) >= 0
),

owed as (
    select external_id, code, sum(base) as base, sum(amount) as amount, sum(base) filter (where amount <> 0) as taxed_base
    from signed
    group by external_id, code
),

subject as (
    select d.external_id, min(s.order_id) as order_id, max(s.happened_at) as happened_at
    from booked_documents as d
    inner join expected_sales as s on s.agreement_id = d.agreement_id and s.action_type = d.action_type and s.is_in_books
    where d.external_id not in (select external_id from named where code is null)
    group by d.external_id
),

reported as (
    select t.external_id, t.tax as code, t.base, t.amount
    from backoffice.taxes as t
    where t.shop = %(shop)s
),

compared as (
    select
        s.external_id,
        s.order_id,
        s.happened_at,
        side.code,
        coalesce(owed.base, 0) as owed_base,
        coalesce(owed.amount, 0) as owed_amount,
        coalesce(owed.taxed_base, 0) as owed_taxed_base,
        coalesce(reported.base, 0) as base,
        coalesce(reported.amount, 0) as amount
    from subject as s
    inner join (
        select external_id, code from owed
        union
        select external_id, code from reported
    ) as side on side.external_id = s.external_id
    left join owed on owed.external_id = s.external_id and owed.code = side.code
    left join reported on reported.external_id = s.external_id and reported.code = side.code
)

select
    'orders/' || c.order_id as entity,
    c.external_id || ' under ' || c.code as key,
    'amount_mismatch' as class,
    concat(c.owed_amount, ' on ', c.owed_base) as expected,
    concat(c.amount, ' on ', c.base) as actual,
    case when c.amount <> c.owed_amount then c.amount - c.owed_amount else c.base - c.owed_base end as difference,
    o.currency,
    c.happened_at as since,
    concat(
        'order ', o.name, ', ', c.external_id, ': ', c.code, ' should be ', c.owed_amount, ' on ', c.owed_base,
        ' and is reported as ', c.amount, ' on ', c.base
    ) as message
from compared as c
inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = c.order_id
where c.amount <> c.owed_amount or c.base not in (c.owed_base, c.owed_taxed_base)
order by c.order_id, c.external_id, c.code;
