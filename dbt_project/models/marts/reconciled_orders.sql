with

-- Every part is read from the views, in one statement and so of one instant; a mart beside would be older.
orders as (
    select * from {{ ref('stg_orders') }}
    where not is_test
),

shops as (
    select * from {{ ref('stg_shops') }}
),

facts as (
    select * from {{ ref('int_order_facts') }}
),

payments as (
    select * from {{ ref('int_order_payments') }}
),

breaks as (
    select * from {{ ref('int_order_breaks') }}
),

documents as (
    select
        shop,
        order_id,
        currency,
        total
    from {{ ref('stg_documents') }}
    where state in ('posted', 'paid')
),

sales as (
    select * from {{ ref('int_sales') }}
    where not is_test
),

runs as (
    select
        shop,
        max(as_of) as judged_until
    from {{ ref('stg_runs') }}
    where finished_at is not null
    group by shop
),

-- What the shop has, what the books have and what reconciliation has found: an order that one side lacks is here too.
known as (
    select
        shop,
        order_id
    from orders

    union

    select
        shop,
        order_id
    from documents

    union

    select
        shop,
        order_id
    from breaks
),

owed as (
    select
        sales.shop,
        sales.order_id,
        sum(sales.total_sales) as sales_since_go_live
    from sales
    inner join shops
        on sales.shop = shops.shop
    where sales.happened_on >= shops.go_live_on
    group by
        sales.shop,
        sales.order_id
),

posted as (
    select
        shop,
        order_id,
        min(currency) as currency,
        count(*) as document_count,
        sum(total) as posted_total
    from documents
    group by
        shop,
        order_id
),

joined as (
    select
        known.shop,
        known.order_id,
        orders.order_name,
        {{ day_in_zone('orders.processed_at', 'shops.time_zone') }} as ordered_on,
        orders.order_id is not null as is_in_shop,
        coalesce(facts.last_fact_on >= shops.go_live_on and orders.order_id is not null, false)
        or posted.document_count is not null as is_in_scope,
        coalesce(orders.currency, posted.currency, shops.currency) as currency,
        orders.current_total_shop as current_total,
        coalesce(owed.sales_since_go_live, 0) as sales_since_go_live,
        coalesce(posted.posted_total, 0) as posted_total,
        coalesce(posted.document_count, 0) as document_count,
        coalesce(payments.pending_refund_count, 0) > 0 as has_pending_refund,
        coalesce(breaks.open_breaks, 0) as open_breaks,
        coalesce(breaks.in_transit_breaks, 0) as in_transit_breaks,
        coalesce(breaks.accepted_breaks, 0) as accepted_breaks,
        breaks.oldest_break_since,
        runs.judged_until,
        coalesce(orders.updated_at <= runs.judged_until, false) as is_judged
    from known
    left join orders
        on known.shop = orders.shop
        and known.order_id = orders.order_id
    left join shops
        on known.shop = shops.shop
    left join facts
        on known.shop = facts.shop
        and known.order_id = facts.order_id
    left join owed
        on known.shop = owed.shop
        and known.order_id = owed.order_id
    left join posted
        on known.shop = posted.shop
        and known.order_id = posted.order_id
    left join payments
        on known.shop = payments.shop
        and known.order_id = payments.order_id
    left join breaks
        on known.shop = breaks.shop
        and known.order_id = breaks.order_id
    left join runs
        on known.shop = runs.shop
),

final as (
    select
        -- ids
        shop,
        order_id,
        order_name,
        ordered_on,

        -- what reconciliation says
        case
            when open_breaks > 0 then 'break'
            when in_transit_breaks > 0 then 'in_transit'
            when not is_in_scope then 'before_go_live'
            when not is_judged then 'in_transit'
            else 'agreed'
        end as status,
        cast(open_breaks as bigint) as open_breaks,
        cast(in_transit_breaks as bigint) as in_transit_breaks,
        cast(accepted_breaks as bigint) as accepted_breaks,
        oldest_break_since,
        judged_until,

        -- both sides, in shop currency
        is_in_shop,
        is_in_scope,
        has_pending_refund,
        currency,
        current_total,
        {{ money('sales_since_go_live') }} as sales_since_go_live,
        cast(document_count as bigint) as document_count,
        {{ money('posted_total') }} as posted_total,
        {{ money('posted_total - sales_since_go_live') }} as difference
    from joined
)

select * from final
