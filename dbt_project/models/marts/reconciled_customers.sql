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

order_breaks as (
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

pending as (
    select * from {{ ref('int_pending_refunds') }}
),

parties as (
    select
        shop,
        external_id as party,
        count(*) as party_count
    from {{ ref('stg_booked_parties') }}
    where external_id <> ''
    group by
        shop,
        external_id
),

own_breaks as (
    select
        shop,
        replace(entity, 'customers/', '') as party,
        sum(is_open) as open_breaks,
        sum(is_in_transit) as in_transit_breaks,
        sum(is_accepted) as accepted_breaks
    from {{ ref('int_standing_breaks') }}
    where rule = 'C1'
    group by
        shop,
        entity
),

owing as (
    select
        orders.shop,
        orders.party,
        count(*) as order_count,
        sum(coalesce(sold.amount, 0)) as sold,
        sum(coalesce(received.amount, 0)) as received,
        sum(coalesce(pending.pending_refund_count, 0)) as pending_refund_count,
        sum(case when order_breaks.open_breaks > 0 then 1 else 0 end) as broken_orders,
        sum(coalesce(order_breaks.open_breaks, 0)) as open_breaks,
        sum(coalesce(order_breaks.in_transit_breaks, 0)) as in_transit_breaks,
        sum(coalesce(order_breaks.accepted_breaks, 0)) as accepted_breaks
    from orders
    inner join scope
        on orders.shop = scope.shop
        and orders.order_id = scope.order_id
    left join sold
        on orders.shop = sold.shop
        and orders.order_id = sold.order_id
    left join received
        on orders.shop = received.shop
        and orders.order_id = received.order_id
    left join pending
        on orders.shop = pending.shop
        and orders.order_id = pending.order_id
    left join order_breaks
        on orders.shop = order_breaks.shop
        and orders.order_id = order_breaks.order_id
    group by
        orders.shop,
        orders.party
),

booked as (
    select
        ledger.shop,
        ledger.party,
        sum(case when ledger.resource = 'documents' then ledger.amount else 0 end) as invoiced,
        sum(case when ledger.resource = 'payments' then -ledger.amount else 0 end) as paid,
        sum(ledger.amount) as receivable
    from {{ ref('stg_booked_ledger') }} as ledger
    inner join {{ ref('stg_value_map') }} as accounts
        on ledger.shop = accounts.shop
        and ledger.account = accounts.code
        and accounts.kind = 'account'
        and accounts.map_key = 'receivable'
    group by
        ledger.shop,
        ledger.party
),

matched as (
    select
        coalesce(owing.shop, booked.shop) as shop,
        coalesce(owing.party, booked.party) as party,
        owing.party is not null as is_in_shop,
        booked.party is not null as is_in_books,
        coalesce(owing.order_count, 0) as order_count,
        coalesce(owing.broken_orders, 0) as broken_orders,
        coalesce(owing.pending_refund_count, 0) > 0 as has_pending_refund,
        coalesce(owing.sold, 0) as sold,
        coalesce(owing.received, 0) as received,
        coalesce(booked.invoiced, 0) as invoiced,
        coalesce(booked.paid, 0) as paid,
        coalesce(booked.receivable, 0) as receivable,
        coalesce(owing.open_breaks, 0) as open_breaks,
        coalesce(owing.in_transit_breaks, 0) as in_transit_breaks,
        coalesce(owing.accepted_breaks, 0) as accepted_breaks
    from owing
    full outer join booked
        on owing.shop = booked.shop
        and owing.party = booked.party
),

joined as (
    select
        matched.shop,
        matched.party,
        matched.is_in_shop,
        matched.is_in_books,
        matched.order_count,
        matched.broken_orders,
        matched.has_pending_refund,
        matched.sold,
        matched.received,
        matched.invoiced,
        matched.paid,
        matched.receivable,
        coalesce(parties.party_count, 0) as party_count,
        matched.open_breaks + coalesce(own_breaks.open_breaks, 0) as open_breaks,
        matched.in_transit_breaks + coalesce(own_breaks.in_transit_breaks, 0) as in_transit_breaks,
        matched.accepted_breaks + coalesce(own_breaks.accepted_breaks, 0) as accepted_breaks,
        readings.currency,
        readings.go_live_on is not null as is_in_scope,
        coalesce(readings.is_judged, false) as is_judged,
        readings.judged_until,
        readings.shop_read_at,
        readings.books_read_at
    from matched
    left join readings
        on matched.shop = readings.shop
    left join parties
        on matched.shop = parties.shop
        and matched.party = parties.party
    left join own_breaks
        on matched.shop = own_breaks.shop
        and matched.party = own_breaks.party
),

final as (
    select
        -- ids
        shop,
        party,

        -- what reconciliation says
        {{ reconciliation_status() }} as status,
        cast(open_breaks as bigint) as open_breaks,
        judged_until,
        shop_read_at,
        books_read_at,

        -- where it is known
        is_in_shop,
        is_in_books,
        cast(party_count as bigint) as party_count,
        cast(order_count as bigint) as order_count,
        cast(broken_orders as bigint) as broken_orders,
        has_pending_refund,

        -- the shop's side since go-live, in shop currency
        currency,
        {{ money('sold') }} as sold,
        {{ money('received') }} as received,
        {{ money('sold - received') }} as owed,

        -- the books
        {{ money('invoiced') }} as invoiced,
        {{ money('paid') }} as paid,
        {{ money('receivable') }} as receivable,
        {{ money('receivable - (sold - received)') }} as difference
    from joined
)

select * from final
