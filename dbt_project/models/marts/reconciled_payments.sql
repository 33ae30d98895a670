with

readings as (
    select * from {{ ref('int_readings') }}
),

counted as (
    select * from {{ ref('int_counted_payments') }}
),

-- Two payments of one transaction are one row, and their sum differs from it.
booked as (
    select
        shop,
        transaction_id,
        min(order_id) as order_id,
        min(account) as account,
        min(paid_on) as paid_on,
        count(*) as payment_count,
        sum(amount) as amount
    from {{ ref('stg_booked_payments') }}
    group by
        shop,
        transaction_id
),

own_breaks as (
    select
        shop,
        order_id,
        break_key,
        sum(is_open) as open_breaks,
        sum(is_in_transit) as in_transit_breaks,
        sum(is_accepted) as accepted_breaks
    from {{ ref('int_standing_breaks') }}
    where rule in ('P1', 'P2')
    group by
        shop,
        order_id,
        break_key
),

order_breaks as (
    select * from {{ ref('int_order_breaks') }}
),

matched as (
    select
        coalesce(counted.shop, booked.shop) as shop,
        coalesce(counted.transaction_id, booked.transaction_id) as transaction_id,
        coalesce(counted.order_id, booked.order_id) as order_id,
        booked.order_id as booked_order_id,
        counted.kind,
        counted.gateway,
        booked.account,
        counted.paid_on,
        booked.paid_on as booked_on,
        counted.transaction_id is not null as is_in_shop,
        booked.transaction_id is not null as is_in_books,
        coalesce(counted.is_in_books, true) or booked.transaction_id is not null as is_in_scope,
        counted.currency,
        counted.amount,
        coalesce(booked.payment_count, 0) as payment_count,
        booked.amount as booked_amount,
        coalesce(booked.amount, 0) - case when counted.is_in_books then counted.amount else 0 end as difference
    from counted
    full outer join booked
        on counted.shop = booked.shop
        and counted.transaction_id = booked.transaction_id
),

-- A payment that is missing with its whole order is the order's break.
joined as (
    select
        matched.*,
        coalesce(
            own_breaks.open_breaks, case when matched.difference <> 0 then order_breaks.open_breaks end, 0
        ) as open_breaks,
        coalesce(
            own_breaks.in_transit_breaks, case when matched.difference <> 0 then order_breaks.in_transit_breaks end, 0
        ) as in_transit_breaks,
        coalesce(
            own_breaks.accepted_breaks, case when matched.difference <> 0 then order_breaks.accepted_breaks end, 0
        ) as accepted_breaks,
        readings.currency as shop_currency,
        coalesce(readings.is_judged, false) as is_judged,
        readings.judged_until,
        readings.shop_read_at,
        readings.books_read_at
    from matched
    left join readings
        on matched.shop = readings.shop
    left join own_breaks
        on matched.shop = own_breaks.shop
        and matched.order_id = own_breaks.order_id
        and cast(matched.transaction_id as {{ dbt.type_string() }}) = own_breaks.break_key
    left join order_breaks
        on matched.shop = order_breaks.shop
        and matched.order_id = order_breaks.order_id
),

final as (
    select
        -- ids
        shop,
        transaction_id,
        order_id,
        booked_order_id,

        -- what reconciliation says
        {{ reconciliation_status() }} as status,
        judged_until,
        shop_read_at,
        books_read_at,

        -- where it is known
        is_in_shop,
        is_in_books,
        is_in_scope,

        -- what it is
        kind,
        gateway,
        account,
        paid_on,
        booked_on,

        -- both sides, in shop currency
        coalesce(currency, shop_currency) as currency,
        {{ money('amount') }} as amount,
        cast(payment_count as bigint) as payment_count,
        {{ money('booked_amount') }} as booked_amount,
        {{ money('difference') }} as difference
    from joined
)

select * from final
