with

readings as (
    select * from {{ ref('int_readings') }}
),

payments as (
    select * from {{ ref('int_counted_payments') }}
),

funds as (
    select * from {{ ref('stg_census_funds') }}
),

payouts as (
    select * from {{ ref('stg_census_payouts') }}
),

balance as (
    select * from {{ ref('stg_census_balance') }}
    where not is_test
        and type not like 'TRANSFER%'
),

transactions as (
    select * from {{ ref('stg_census_transactions') }}
),

entries as (
    select * from {{ ref('stg_booked_ledger') }}
    where resource = 'entries'
),

gateways as (
    select
        shop,
        map_key as gateway,
        code as account
    from {{ ref('stg_value_map') }}
    where kind = 'gateway'
),

-- Whether the books began with opening balances, and whether Shopify Payments tells what it holds.
bounds as (
    select
        readings.shop,
        readings.currency,
        readings.time_zone,
        readings.go_live_on,
        exists (
            select 1
            from entries
            where entries.shop = readings.shop
                and entries.external_id like 'opening/%'
        ) as is_opened,
        exists (
            select 1
            from funds
            where funds.shop = readings.shop
        ) as is_told
    from readings
),

-- A payment of Shopify Payments counts by its own transaction, everything else of its balance by its own time.
movements as (
    select
        balance.shop,
        balance.amount,
        balance.fee,
        case when transactions.kind = 'REFUND' then -transactions.amount else transactions.amount end as paid,
        {{ day_in_zone('balance.transaction_at', 'bounds.time_zone') }} < bounds.go_live_on as is_before,
        {{ day_in_zone('coalesce(transactions.processed_at, balance.transaction_at)', 'bounds.time_zone') }}
        < bounds.go_live_on as is_paid_before
    from balance
    inner join bounds
        on balance.shop = bounds.shop
        and balance.currency = bounds.currency
    left join transactions
        on balance.shop = transactions.shop
        and balance.order_transaction_id = transactions.transaction_id
        and balance.type in ('CHARGE', 'REFUND')
),

issued as (
    select
        payouts.shop,
        payouts.status,
        case when payouts.direction = 'WITHDRAWAL' then -abs(payouts.net) else abs(payouts.net) end as net,
        {{ day_in_zone('payouts.issued_at', 'bounds.time_zone') }} < bounds.go_live_on as is_before,
        bounds.is_opened
    from payouts
    inner join bounds
        on payouts.shop = bounds.shop
        and payouts.currency = bounds.currency
),

parts as (
    select
        payments.shop,
        payments.gateway,
        'moved' as part,
        payments.amount + payments.rounding as amount
    from payments
    inner join bounds
        on payments.shop = bounds.shop
    where payments.is_in_books
        and (payments.gateway <> 'shopify_payments' or not bounds.is_told)

    union all

    select
        funds.shop,
        'shopify_payments' as gateway,
        'held' as part,
        funds.balance as amount
    from funds
    inner join bounds
        on funds.shop = bounds.shop
        and funds.currency = bounds.currency

    union all

    select
        shop,
        'shopify_payments' as gateway,
        'payout' as part,
        net as amount
    from issued
    where status in ('SCHEDULED', 'IN_TRANSIT')
        and (is_opened or not is_before)

    union all

    -- Without opening balances the books know nothing of what Shopify Payments held when they began.
    select
        bounds.shop,
        'shopify_payments' as gateway,
        'before_go_live' as part,
        -held.amount as amount
    from (
        select
            shop,
            case when is_before then amount else paid end as amount
        from movements
        where is_paid_before

        union all

        select
            shop,
            -fee as amount
        from movements
        where is_before

        union all

        select
            shop,
            -net as amount
        from issued
        where is_before
            and status in ('SCHEDULED', 'IN_TRANSIT', 'PAID')
    ) as held
    inner join bounds
        on held.shop = bounds.shop
    where bounds.is_told
        and not bounds.is_opened

    union all

    -- Only the books know what another gateway held when they began.
    select
        gateways.shop,
        gateways.gateway,
        'opening' as part,
        entries.amount
    from gateways
    inner join entries
        on gateways.shop = entries.shop
        and gateways.account = entries.account
        and entries.external_id = {{ dbt.concat(["'opening/clearing/'", "gateways.gateway"]) }}
    inner join bounds
        on gateways.shop = bounds.shop
    where gateways.gateway <> 'shopify_payments'
        or not bounds.is_told

    union all

    -- And which cash paid out a gift card.
    select
        gateways.shop,
        gateways.gateway,
        'cashed_out' as part,
        entries.amount
    from gateways
    inner join entries
        on gateways.shop = entries.shop
        and gateways.account = entries.account
    where gateways.gateway = 'cash'
        and entries.external_id like 'gift_card_move/%'
),

final as (
    select
        shop,
        gateway,
        part,
        count(*) as movement_count,
        {{ money('sum(amount)') }} as amount
    from parts
    group by
        shop,
        gateway,
        part
)

select * from final
