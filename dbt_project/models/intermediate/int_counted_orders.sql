with

orders as (
    select * from {{ ref('stg_census_orders') }}
),

-- Who owes an order: the company that bought, else the customer, else all guests together.
final as (
    select
        -- ids
        shop,
        order_id,
        order_name,
        case
            when company_id is not null then {{ dbt.concat(["'company/'", "cast(company_id as " ~ dbt.type_string() ~ ")"]) }}
            when customer_id is not null then cast(customer_id as {{ dbt.type_string() }})
            else 'guest'
        end as party,

        -- money in shop currency
        currency,
        current_total,
        total_outstanding,

        -- times
        processed_at
    from orders
    where not is_test
)

select * from final
