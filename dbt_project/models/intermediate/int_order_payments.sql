with

transactions as (
    select * from {{ ref('stg_order_transactions') }}
),

-- An authorisation moves no money, and neither does anything that did not succeed; a pending refund is about to.
movements as (
    select
        shop,
        order_id,
        case
            when status = 'PENDING' then 'pending_refund'
            when kind = 'REFUND' then 'refund'
            else 'payment'
        end as direction,
        amount_presentment
    from transactions
    where (status = 'SUCCESS' and kind in ('SALE', 'CAPTURE', 'REFUND'))
        or (status = 'PENDING' and kind = 'REFUND')
),

final as (
    select
        -- ids
        shop,
        order_id,

        -- movements
        sum(case when direction = 'payment' then 1 else 0 end) as payment_count,
        sum(case when direction = 'refund' then 1 else 0 end) as refund_count,
        sum(case when direction = 'pending_refund' then 1 else 0 end) as pending_refund_count,

        -- money in presentment currency
        {{ money("sum(case when direction = 'payment' then amount_presentment else 0 end)") }} as received_presentment,
        {{ money("sum(case when direction = 'refund' then amount_presentment else 0 end)") }} as refunded_presentment
    from movements
    group by
        shop,
        order_id
)

select * from final
