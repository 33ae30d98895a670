-- Every word of Shopify's that the books need has an entry in the value map.
-- source: line types and gateways from the census; tax titles and locations from the warehouse; against the value map.
-- key: kind and word; tolerance: none; lag: none, waiting adds no entry.

-- name: checked
select count(*) from backoffice.value_map where shop = %(shop)s;

-- name: differences
with words as (
    select 'line' as kind, line_type as key, order_id::text as subject, happened_at
    from expected_sales
    where is_in_books
    union all
    select 'action', action_type, order_id::text, happened_at
    from expected_sales
    where is_in_books and action_type not in ('ORDER', 'UPDATE', 'RETURN')
    union all
    select 'gateway', gateway, order_id::text, processed_at
    from expected_payments
    union all
    select
        'tax',
        concat(
            t.title,
            ' ' || trim_scale(t.rate * 100) || '%%',
            case
                when t.channel_liable then ' (channel)'
                when t.channel_liable is null
                    and o.source_name not in ('web', 'pos', 'shopify_draft_order', 'iphone', 'android')
                    then ' (liability unknown)'
            end
        ),
        t.order_id::text,
        s.happened_at
    from shopify.order_sale_taxes as t
    inner join shopify.orders as o on o.shop = t.shop and o.order_id = t.order_id
    inner join expected_sales as s on s.sale_id = t.sale_id
    where t.shop = %(shop)s and s.is_in_books
    union all
    select 'location', coalesce(place.name, ''), f.order_id::text, f.created_at
    from shopify.fulfillments as f
    inner join shopify.orders as o on o.shop = f.shop and o.order_id = f.order_id
    left join shopify.locations as place on place.shop = f.shop and place.location_id = f.location_id
    where f.shop = %(shop)s and f.status = 'SUCCESS' and not o.is_test
        and f.created_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
    union all
    select 'location', place.name, 'stock', level.updated_at
    from recon.census_levels as level
    inner join shopify.locations as place on place.shop = level.shop and place.location_id = level.location_id
    where level.shop = %(shop)s and level.on_hand <> 0 and place.is_active
),

missing as (
    select
        words.kind,
        words.key,
        count(distinct words.subject) filter (where words.subject <> 'stock') as orders,
        min(words.happened_at) as since
    from words
    left join backoffice.value_map as m on m.shop = %(shop)s and m.kind = words.kind and m.key = words.key
    where m.code is null
    group by words.kind, words.key
)

select
    'value_map/' || kind || '/' || key as entity,
    '' as key,
    'unmapped' as class,
    key as expected,
    null::text as actual,
    null::numeric as difference,
    null::text as currency,
    since,
    concat(
        'no code for ', kind, ' "', key, '"',
        case
            when kind = 'action' or key = 'UNKNOWN' then ': this version does not know the type'
            else concat(': add it to [', case kind when 'tax' then 'taxes' else kind || 's' end, '] of ', %(value_map)s::text)
        end,
        '; ', orders, ' orders wait for it'
    ) as message
from missing
order by kind, key;
