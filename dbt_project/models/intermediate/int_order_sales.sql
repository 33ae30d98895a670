with

sales as (
    select * from {{ ref('int_sales') }}
),

final as (
    select
        -- ids
        shop,
        order_id,
        currency,

        -- units
        sum(units_sold) as units_sold,
        sum(units_returned) as units_returned,

        -- money in shop currency, before tax
        {{ money('sum(gross_sales)') }} as gross_sales,
        {{ money('sum(discounts)') }} as discounts,
        {{ money('sum(returns)') }} as returns,
        {{ money('sum(net_sales)') }} as net_sales,
        {{ money('sum(gift_cards)') }} as gift_cards,
        {{ money('sum(shipping)') }} as shipping,
        {{ money('sum(tips)') }} as tips,
        {{ money('sum(duties)') }} as duties,
        {{ money('sum(fees)') }} as fees,
        {{ money('sum(adjustments)') }} as adjustments,
        {{ money('sum(unclassified)') }} as unclassified,

        -- money in shop currency, tax and sum
        {{ money('sum(taxes)') }} as taxes,
        {{ money('sum(total_sales)') }} as total_sales,

        -- money in presentment currency, tax included
        {{ money('sum(total_presentment)') }} as total_presentment,
        {{ money('sum(adjustments_presentment)') }} as adjustments_presentment
    from sales
    group by
        shop,
        order_id,
        currency
)

select * from final
