with

readings as (
    select * from {{ ref('int_readings') }}
),

orders as (
    select * from {{ ref('int_counted_orders') }}
),

scope as (
    select * from {{ ref('int_orders_in_scope') }}
),

pending as (
    select * from {{ ref('int_pending_refunds') }}
),

breaks as (
    select * from {{ ref('int_order_breaks') }}
),

sold as (
    select
        shop,
        order_id,
        sum(total) as amount
    from {{ ref('int_counted_sales') }}
    where is_in_books
    group by
        shop,
        order_id
),

received as (
    select
        shop,
        order_id,
        sum(amount) as amount
    from {{ ref('int_counted_payments') }}
    where is_in_books
    group by
        shop,
        order_id
),

shipped as (
    select * from {{ ref('int_counted_shipments') }}
),

posted as (
    select
        shop,
        order_id,
        min(currency) as currency,
        count(*) as document_count,
        sum(total) as amount
    from {{ ref('stg_documents') }}
    where state in ('posted', 'paid')
    group by
        shop,
        order_id
),

paid as (
    select
        shop,
        order_id,
        sum(amount) as amount
    from {{ ref('stg_booked_payments') }}
    group by
        shop,
        order_id
),

left_the_books as (
    select
        shop,
        order_id,
        sum(quantity) as units_shipped
    from {{ ref('stg_booked_shipments') }}
    where kind = 'shipment'
    group by
        shop,
        order_id
),

receivable as (
    select
        ledger.shop,
        ledger.order_id,
        sum(ledger.amount) as amount
    from {{ ref('stg_booked_ledger') }} as ledger
    inner join {{ ref('stg_value_map') }} as accounts
        on ledger.shop = accounts.shop
        and ledger.account = accounts.code
        and accounts.kind = 'account'
        and accounts.map_key = 'receivable'
    where ledger.order_id is not null
    group by
        ledger.shop,
        ledger.order_id
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
    from posted

    union

    select
        shop,
        order_id
    from paid

    union

    select
        shop,
        order_id
    from left_the_books

    union

    select
        shop,
        order_id
    from breaks
),

joined as (
    select
        known.shop,
        known.order_id,
        orders.order_name,
        {{ day_in_zone('orders.processed_at', 'readings.time_zone') }} as ordered_on,
        orders.order_id is not null as is_in_shop,
        coalesce(posted.order_id, paid.order_id, left_the_books.order_id) is not null as is_in_books,
        coalesce(scope.order_id, posted.order_id, paid.order_id, left_the_books.order_id) is not null as is_in_scope,
        coalesce(pending.pending_refund_count, 0) > 0 as has_pending_refund,
        coalesce(orders.currency, posted.currency, readings.currency) as currency,
        orders.current_total,
        orders.total_outstanding,
        coalesce(sold.amount, 0) as sales_since_go_live,
        coalesce(posted.document_count, 0) as document_count,
        coalesce(posted.amount, 0) as posted_total,
        coalesce(received.amount, 0) as received_since_go_live,
        coalesce(paid.amount, 0) as booked_payments,
        coalesce(receivable.amount, 0) as receivable,
        coalesce(shipped.units_shipped, 0) as units_shipped,
        coalesce(left_the_books.units_shipped, 0) as units_booked,
        coalesce(breaks.open_breaks, 0) as open_breaks,
        coalesce(breaks.in_transit_breaks, 0) as in_transit_breaks,
        coalesce(breaks.accepted_breaks, 0) as accepted_breaks,
        breaks.oldest_break_since,
        coalesce(readings.is_judged, false) as is_judged,
        readings.judged_until,
        readings.shop_read_at,
        readings.books_read_at
    from known
    left join orders
        on known.shop = orders.shop
        and known.order_id = orders.order_id
    left join readings
        on known.shop = readings.shop
    left join scope
        on known.shop = scope.shop
        and known.order_id = scope.order_id
    left join pending
        on known.shop = pending.shop
        and known.order_id = pending.order_id
    left join sold
        on known.shop = sold.shop
        and known.order_id = sold.order_id
    left join posted
        on known.shop = posted.shop
        and known.order_id = posted.order_id
    left join received
        on known.shop = received.shop
        and known.order_id = received.order_id
    left join paid
        on known.shop = paid.shop
        and known.order_id = paid.order_id
    left join receivable
        on known.shop = receivable.shop
        and known.order_id = receivable.order_id
    left join shipped
        on known.shop = shipped.shop
        and known.order_id = shipped.order_id
    left join left_the_books
        on known.shop = left_the_books.shop
        and known.order_id = left_the_books.order_id
    left join breaks
        on known.shop = breaks.shop
        and known.order_id = breaks.order_id
),

final as (
    select
        -- ids
        shop,
        order_id,
        order_name,
        ordered_on,

        -- what reconciliation says
        {{ reconciliation_status() }} as status,
        cast(open_breaks as bigint) as open_breaks,
        cast(in_transit_breaks as bigint) as in_transit_breaks,
        cast(accepted_breaks as bigint) as accepted_breaks,
        oldest_break_since,
        judged_until,
        shop_read_at,
        books_read_at,

        -- where it is known
        is_in_shop,
        is_in_books,
        is_in_scope,
        has_pending_refund,

        -- documents, both sides, in shop currency
        currency,
        {{ money('current_total') }} as current_total,
        {{ money('sales_since_go_live') }} as sales_since_go_live,
        cast(document_count as bigint) as document_count,
        {{ money('posted_total') }} as posted_total,
        {{ money('posted_total - sales_since_go_live') }} as difference,

        -- payments, both sides, in shop currency
        {{ money('received_since_go_live') }} as received_since_go_live,
        {{ money('booked_payments') }} as booked_payments,
        {{ money('booked_payments - received_since_go_live') }} as payments_difference,
        {{ money('total_outstanding') }} as total_outstanding,
        {{ money('receivable') }} as receivable,

        -- units, both sides
        cast(units_shipped as bigint) as units_shipped,
        {{ money('units_booked') }} as units_booked,
        {{ money('units_booked - units_shipped') }} as units_difference
    from joined
)

select * from final
