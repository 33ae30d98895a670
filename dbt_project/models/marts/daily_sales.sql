with

sales as (
    select * from {{ ref('int_sales') }}
    where not is_test
),

final as (
    select
        -- day
        shop,
        happened_on as sold_on,
        currency,

        -- orders and units
        cast(count(distinct case when is_placement then order_id end) as bigint) as orders,
        cast(sum(units_sold) as bigint) as units_sold,
        cast(sum(units_returned) as bigint) as units_returned,

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

        -- load
        max(load_id) as load_id
    from sales
    group by
        shop,
        happened_on,
        currency
)

select * from final
