with

breaks as (
    select * from {{ ref('stg_breaks') }}
),

ages as (
    select * from {{ ref('stg_open_breaks') }}
),

standing as (
    select * from {{ ref('int_standing_breaks') }}
),

orders as (
    select * from {{ ref('int_counted_orders') }}
),

joined as (
    select
        breaks.*,
        standing.order_id,
        orders.order_name,
        coalesce(standing.is_open, 0) = 1 as is_difference,
        ages.age_days,
        ages.age_bucket,
        case when breaks.status = 'accepted' then abs(breaks.amount) else ages.amount_at_risk end as at_risk
    from breaks
    left join ages
        on breaks.break_id = ages.break_id
    left join standing
        on breaks.break_id = standing.break_id
    left join orders
        on standing.shop = orders.shop
        and standing.order_id = orders.order_id
),

final as (
    select
        -- ids
        shop,
        break_id,
        rule,
        entity,
        break_key,
        order_id,
        order_name,

        -- what it is
        break_class,
        severity,
        status,
        is_difference,
        message,
        proposed_repair,

        -- both sides
        expected,
        actual,
        {{ money('amount') }} as difference,
        currency,
        {{ money('case when currency is not null then at_risk end') }} as amount_at_risk,

        -- age
        age_days,
        age_bucket,
        since,
        first_seen,
        last_seen,
        closed_at,
        runs_seen,

        -- who answers for it
        accepted_because,
        accepted_until
    from joined
)

select * from final
