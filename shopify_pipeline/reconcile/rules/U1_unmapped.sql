-- Every word of Shopify's that the books need has an entry in the value map.
-- source: line types, actions, gateways, taxes, locations that hold or ship something, and types of balance transactions,
-- all from the census since go-live, against the value map. key: kind and word; one break, however many orders wait.
-- Neighbours: the orders that were not pushed for want of it are O1's, the movements Y4's.

-- name: checked
select count(*) from backoffice.value_map where shop = %(shop)s;

-- name: differences
with words as (
    select 'line' as kind, line_type as key, order_id
    from expected_sales
    where is_in_books
    union all
    select 'action', action_type, order_id
    from expected_sales
    where is_in_books and action_type not in ('ORDER', 'UPDATE', 'RETURN')
    union all
    select 'gateway', gateway, order_id
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
        t.order_id
    from recon.census_sale_taxes as t
    inner join recon.census_orders as o on o.shop = t.shop and o.order_id = t.order_id
    inner join expected_sales as s on s.sale_id = t.sale_id
    where t.shop = %(shop)s and s.is_in_books
    union all
    select 'location', coalesce(place.name, ''), f.order_id
    from recon.census_fulfillments as f
    inner join recon.census_orders as o on o.shop = f.shop and o.order_id = f.order_id
    left join recon.census_locations as place on place.shop = f.shop and place.location_id = f.location_id
    where f.shop = %(shop)s and f.status = 'SUCCESS' and not o.is_test
        and f.created_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
    union all
    select 'location', place.name, null
    from recon.census_levels as level
    inner join recon.census_locations as place on place.shop = level.shop and place.location_id = level.location_id
    where level.shop = %(shop)s and level.on_hand <> 0 and place.is_active
    union all
    select 'balance', b.type, b.order_id
    from recon.census_balance as b
    where b.shop = %(shop)s and not b.is_test and not starts_with(b.type, 'TRANSFER')
        and not (b.type in ('CHARGE', 'REFUND') and b.order_transaction_id is not null)
        and b.transaction_at >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
    union all
    select 'balance', 'DISPUTE_LOST', d.order_id
    from recon.census_disputes as d
    where d.shop = %(shop)s and d.type = 'CHARGEBACK' and d.status = 'LOST'
        and d.finalized_on >= %(go_live_on)s::date::timestamp at time zone %(time_zone)s
),

missing as (
    select words.kind, words.key, count(distinct words.order_id) as orders
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
    null::timestamptz as since,
    concat(
        'no code for ', kind, ' "', key, '"',
        case
            when kind = 'action' or key = 'UNKNOWN' then ': this version does not know the type'
            else concat(
                ': add it to [',
                case kind when 'tax' then 'taxes' when 'balance' then 'balance' else kind || 's' end,
                '] of ', %(value_map)s::text
            )
        end,
        '; ', orders, ' orders wait for it'
    ) as message
from missing
order by kind, key;
