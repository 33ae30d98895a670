with

readings as (
    select * from {{ ref('int_readings') }}
),

payouts as (
    select * from {{ ref('stg_census_payouts') }}
),

-- The transfer is the payout itself, seen from the balance.
parts as (
    select
        shop,
        payout_id,
        count(*) as part_count,
        sum(amount) as amount,
        sum(fee) as fee,
        sum(net) as net
    from {{ ref('stg_census_balance') }}
    where not is_test
        and payout_id is not null
        and type not like 'TRANSFER%'
    group by
        shop,
        payout_id
),

entries as (
    select
        *,
        cast({{ dbt.split_part('external_id', "'/'", 2) }} as bigint) as payout_id
    from {{ ref('stg_booked_ledger') }}
    where resource = 'entries'
        and (external_id like 'payout/%' or external_id like 'payout_back/%')
),

opened as (
    select distinct
        shop,
        cast({{ dbt.split_part('external_id', "'/'", 3) }} as bigint) as payout_id
    from {{ ref('stg_booked_ledger') }}
    where resource = 'entries'
        and external_id like 'opening/payout/%'
),

banks as (
    select
        shop,
        code as account
    from {{ ref('stg_value_map') }}
    where kind = 'account'
        and map_key = 'bank'
),

-- A payout the bank gave back is booked twice, and both together are nothing.
booked as (
    select
        entries.shop,
        entries.payout_id,
        min(entries.booked_on) as booked_on,
        sum(case when entries.account = banks.account then entries.amount else 0 end) as amount
    from entries
    left join banks
        on entries.shop = banks.shop
    group by
        entries.shop,
        entries.payout_id
),

breaks as (
    select
        shop,
        cast(replace(entity, 'payouts/', '') as bigint) as payout_id,
        sum(is_open) as open_breaks,
        sum(is_in_transit) as in_transit_breaks,
        sum(is_accepted) as accepted_breaks
    from {{ ref('int_standing_breaks') }}
    where entity like 'payouts/%'
    group by
        shop,
        entity
),

issued as (
    select
        payouts.shop,
        payouts.payout_id,
        payouts.status as payout_status,
        payouts.direction,
        payouts.currency,
        case when payouts.direction = 'WITHDRAWAL' then -abs(payouts.net) else abs(payouts.net) end as net,
        {{ day_in_zone('payouts.issued_at', 'readings.time_zone') }} as issued_on,
        coalesce({{ day_in_zone('payouts.issued_at', 'readings.time_zone') }} >= readings.go_live_on, false)
        or opened.payout_id is not null as is_owed
    from payouts
    left join readings
        on payouts.shop = readings.shop
    left join opened
        on payouts.shop = opened.shop
        and payouts.payout_id = opened.payout_id
),

matched as (
    select
        coalesce(issued.shop, booked.shop) as shop,
        coalesce(issued.payout_id, booked.payout_id) as payout_id,
        issued.payout_status,
        issued.direction,
        issued.issued_on,
        booked.booked_on,
        issued.payout_id is not null as is_in_shop,
        booked.payout_id is not null as is_in_books,
        coalesce(issued.is_owed, true) or booked.payout_id is not null as is_in_scope,
        issued.currency,
        issued.net,
        booked.amount as booked_amount,
        coalesce(booked.amount, 0)
        - case when issued.is_owed and issued.payout_status = 'PAID' then issued.net else 0 end as difference
    from issued
    full outer join booked
        on issued.shop = booked.shop
        and issued.payout_id = booked.payout_id
),

joined as (
    select
        matched.*,
        coalesce(parts.part_count, 0) as part_count,
        coalesce(parts.amount, 0) as parts_amount,
        coalesce(parts.fee, 0) as parts_fee,
        coalesce(parts.net, 0) as parts_net,
        coalesce(breaks.open_breaks, 0) as open_breaks,
        coalesce(breaks.in_transit_breaks, 0) as in_transit_breaks,
        coalesce(breaks.accepted_breaks, 0) as accepted_breaks,
        readings.currency as shop_currency,
        coalesce(readings.is_judged, false) as is_judged,
        readings.judged_until,
        readings.shop_read_at,
        readings.books_read_at
    from matched
    left join readings
        on matched.shop = readings.shop
    left join parts
        on matched.shop = parts.shop
        and matched.payout_id = parts.payout_id
    left join breaks
        on matched.shop = breaks.shop
        and matched.payout_id = breaks.payout_id
),

final as (
    select
        -- ids
        shop,
        payout_id,

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
        payout_status,
        direction,
        issued_on,
        booked_on,

        -- the shop's side, in the payout's currency
        coalesce(currency, shop_currency) as currency,
        {{ money('net') }} as net,
        cast(part_count as bigint) as part_count,
        {{ money('parts_amount') }} as parts_amount,
        {{ money('parts_fee') }} as parts_fee,
        {{ money('parts_net') }} as parts_net,

        -- the bank account in the books
        {{ money('booked_amount') }} as booked_amount,
        {{ money('difference') }} as difference
    from joined
)

select * from final
