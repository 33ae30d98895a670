with

transactions as (
    select * from {{ ref('stg_census_transactions') }}
),

final as (
    select
        shop,
        order_id,
        count(*) as pending_refund_count
    from transactions
    where kind = 'REFUND'
        and status = 'PENDING'
    group by
        shop,
        order_id
)

select * from final
