with

readings as (
    select * from {{ ref('int_readings') }}
),

-- What is owed to holders of gift cards and store credit waits nowhere.
gateways as (
    select
        shop,
        map_key as gateway,
        code as account
    from {{ ref('stg_value_map') }}
    where kind = 'gateway'
        and map_key not in ('gift_card', 'shopify_store_credit')
),

parts as (
    select * from {{ ref('int_clearing_parts') }}
),

totals as (
    select
        shop,
        account,
        sum(amount) as amount
    from {{ ref('stg_booked_totals') }}
    group by
        shop,
        account
),

breaks as (
    select
        shop,
        replace(entity, 'accounts/', '') as account,
        sum(is_open) as open_breaks,
        sum(is_in_transit) as in_transit_breaks,
        sum(is_accepted) as accepted_breaks
    from {{ ref('int_standing_breaks') }}
    where rule = 'Y6'
    group by
        shop,
        entity
),

named as (
    select
        shop,
        account,
        {{ dbt.listagg('gateway', "', '", 'order by gateway') }} as gateways
    from gateways
    group by
        shop,
        account
),

waiting as (
    select
        gateways.shop,
        gateways.account,
        sum(parts.amount) as amount,
        sum(case when parts.part = 'payout' then parts.movement_count else 0 end) as payouts_in_transit,
        sum(case when parts.part = 'payout' then parts.amount else 0 end) as payouts_in_transit_amount,
        sum(case when parts.part in ('opening', 'cashed_out') then parts.amount else 0 end) as known_to_books_only
    from gateways
    inner join parts
        on gateways.shop = parts.shop
        and gateways.gateway = parts.gateway
    group by
        gateways.shop,
        gateways.account
),

joined as (
    select
        named.shop,
        named.account,
        named.gateways,
        readings.currency,
        coalesce(waiting.amount, 0) as by_shop,
        coalesce(totals.amount, 0) as by_books,
        coalesce(waiting.payouts_in_transit, 0) as payouts_in_transit,
        coalesce(waiting.payouts_in_transit_amount, 0) as payouts_in_transit_amount,
        coalesce(waiting.known_to_books_only, 0) as known_to_books_only,
        coalesce(breaks.open_breaks, 0) as open_breaks,
        coalesce(breaks.in_transit_breaks, 0) as in_transit_breaks,
        coalesce(breaks.accepted_breaks, 0) as accepted_breaks,
        readings.go_live_on is not null as is_in_scope,
        readings.is_judged,
        readings.judged_until,
        readings.shop_read_at,
        readings.books_read_at
    from named
    inner join readings
        on named.shop = readings.shop
    left join waiting
        on named.shop = waiting.shop
        and named.account = waiting.account
    left join totals
        on named.shop = totals.shop
        and named.account = totals.account
    left join breaks
        on named.shop = breaks.shop
        and named.account = breaks.account
),

final as (
    select
        -- ids
        shop,
        account,
        gateways,

        -- what reconciliation says
        {{ reconciliation_status() }} as status,
        judged_until,
        shop_read_at,
        books_read_at,

        -- both sides, in the shop's currency
        currency,
        {{ money('by_shop') }} as by_shop,
        {{ money('by_books') }} as by_books,
        {{ money('by_books - by_shop') }} as difference,
        {{ money('known_to_books_only') }} as known_to_books_only,
        cast(payouts_in_transit as bigint) as payouts_in_transit,
        {{ money('payouts_in_transit_amount') }} as payouts_in_transit_amount
    from joined
)

select * from final
