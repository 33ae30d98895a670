with

orders as (
    select * from {{ ref('stg_orders') }}
    where customer_id is not null
),

numbered as (
    select
        shop,
        order_id,
        customer_id,
        is_test,
        processed_at,
        -- Two orders of one second are told apart by their ids; test orders are numbered among themselves.
        row_number() over (
            partition by shop, customer_id, is_test
            order by processed_at, order_id
        ) as customer_order_number
    from orders
),

final as (
    select
        shop,
        order_id,
        customer_id,
        is_test,
        processed_at,
        customer_order_number,
        case when customer_order_number = 1 then 'new' else 'repeat' end as new_vs_repeat
    from numbered
)

select * from final
