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

receivable_lines as (
    select ledger.*
    from {{ ref('stg_booked_ledger') }} as ledger
    inner join {{ ref('stg_value_map') }} as accounts
        on ledger.shop = accounts.shop
        and ledger.account = accounts.code
        and accounts.kind = 'account'
        and accounts.map_key = 'receivable'
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

-- An order is a party's when the shop says so or the books do: a document on the wrong account concerns both.
party_orders as (
    select
        orders.shop,
        orders.party,
        orders.order_id
    from orders
    inner join scope
        on orders.shop = scope.shop
        and orders.order_id = scope.order_id

    union

    select
        shop,
        party,
        order_id
    from receivable_lines
    where order_id is not null
),

breaks_of_orders as (
    select
        party_orders.shop,
        party_orders.party,
        sum(case when order_breaks.open_breaks > 0 then 1 else 0 end) as broken_orders,
        sum(order_breaks.open_breaks) as open_breaks,
        sum(order_breaks.in_transit_breaks) as in_transit_breaks,
        sum(order_breaks.accepted_breaks) as accepted_breaks
    from party_orders
    inner join {{ ref('int_order_breaks') }} as order_breaks
        on party_orders.shop = order_breaks.shop
        and party_orders.order_id = order_breaks.order_id
    group by
        party_orders.shop,
        party_orders.party
),

owing as (
    select
        orders.shop,
        orders.party,
        count(*) as order_count,
        sum(coalesce(sold.amount, 0)) as sold,
        sum(coalesce(received.amount, 0)) as received,
        sum(coalesce(pending.pending_refund_count, 0)) as pending_refund_count
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
    group by
        orders.shop,
        orders.party
),

booked as (
    select
        shop,
        party,
        sum(case when resource = 'documents' then amount else 0 end) as invoiced,
        sum(case when resource = 'payments' then -amount else 0 end) as paid,
        sum(amount) as receivable
    from receivable_lines
    group by
        shop,
        party
),

-- Who owes, who is booked and whom reconciliation names: a party that neither side has an amount for is here too.
known as (
    select
        shop,
        party
    from owing

    union

    select
        shop,
        party
    from booked

    union

    select
        shop,
        party
    from own_breaks
),

joined as (
    select
        known.shop,
        known.party,
        owing.party is not null as is_in_shop,
        booked.party is not null as is_in_books,
        coalesce(owing.order_count, 0) as order_count,
        coalesce(breaks_of_orders.broken_orders, 0) as broken_orders,
        coalesce(owing.pending_refund_count, 0) > 0 as has_pending_refund,
        coalesce(owing.sold, 0) as sold,
        coalesce(owing.received, 0) as received,
        coalesce(booked.invoiced, 0) as invoiced,
        coalesce(booked.paid, 0) as paid,
        coalesce(booked.receivable, 0) as receivable,
        coalesce(parties.party_count, 0) as party_count,
        coalesce(breaks_of_orders.open_breaks, 0) + coalesce(own_breaks.open_breaks, 0) as open_breaks,
        coalesce(breaks_of_orders.in_transit_breaks, 0)
        + coalesce(own_breaks.in_transit_breaks, 0) as in_transit_breaks,
        coalesce(breaks_of_orders.accepted_breaks, 0) + coalesce(own_breaks.accepted_breaks, 0) as accepted_breaks,
        readings.currency,
        readings.go_live_on is not null as is_in_scope,
        coalesce(readings.is_judged, false) as is_judged,
        readings.judged_until,
        readings.shop_read_at,
        readings.books_read_at
    from known
    left join owing
        on known.shop = owing.shop
        and known.party = owing.party
    left join booked
        on known.shop = booked.shop
        and known.party = booked.party
    left join breaks_of_orders
        on known.shop = breaks_of_orders.shop
        and known.party = breaks_of_orders.party
    left join own_breaks
        on known.shop = own_breaks.shop
        and known.party = own_breaks.party
    left join parties
        on known.shop = parties.shop
        and known.party = parties.party
    left join readings
        on known.shop = readings.shop
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
