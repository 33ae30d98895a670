with

readings as (
    select * from {{ ref('int_readings') }}
),

levels as (
    select * from {{ ref('stg_census_levels') }}
),

variants as (
    select * from {{ ref('stg_census_variants') }}
),

locations as (
    select * from {{ ref('stg_census_locations') }}
    where is_active
),

warehouses as (
    select
        shop,
        map_key as location_name,
        code as location
    from {{ ref('stg_value_map') }}
    where kind = 'location'
),

stock as (
    select * from {{ ref('stg_booked_stock') }}
),

breaks as (
    select
        shop,
        replace(entity, 'variants/', '') as product,
        break_key as location,
        sum(is_open) as open_breaks,
        sum(is_in_transit) as in_transit_breaks,
        sum(is_accepted) as accepted_breaks
    from {{ ref('int_standing_breaks') }}
    where rule = 'I1'
    group by
        shop,
        entity,
        break_key
),

-- Several of the shop's locations may stand for one warehouse; units Shopify does not count are nobody's stock.
counted as (
    select
        levels.shop,
        cast(variants.variant_id as {{ dbt.type_string() }}) as product,
        warehouses.location,
        count(*) as location_count,
        sum(levels.on_hand) as on_hand,
        max(levels.updated_at) as last_changed_at
    from levels
    inner join variants
        on levels.shop = variants.shop
        and levels.inventory_item_id = variants.inventory_item_id
    inner join locations
        on levels.shop = locations.shop
        and levels.location_id = locations.location_id
    inner join warehouses
        on locations.shop = warehouses.shop
        and locations.location_name = warehouses.location_name
    where variants.is_tracked
    group by
        levels.shop,
        variants.variant_id,
        warehouses.location
),

matched as (
    select
        coalesce(counted.shop, stock.shop) as shop,
        coalesce(counted.product, stock.product) as product,
        coalesce(counted.location, stock.location) as location,
        counted.product is not null as is_in_shop,
        stock.product is not null as is_in_books,
        coalesce(counted.location_count, 0) as location_count,
        coalesce(counted.on_hand, 0) as on_hand,
        coalesce(stock.quantity, 0) as booked_on_hand,
        counted.last_changed_at
    from counted
    full outer join stock
        on counted.shop = stock.shop
        and counted.product = stock.product
        and counted.location = stock.location
),

joined as (
    select
        matched.*,
        variants.sku,
        coalesce(breaks.open_breaks, 0) as open_breaks,
        coalesce(breaks.in_transit_breaks, 0) as in_transit_breaks,
        coalesce(breaks.accepted_breaks, 0) as accepted_breaks,
        readings.go_live_on is not null as is_in_scope,
        coalesce(readings.is_judged, false) as is_judged,
        readings.judged_until,
        readings.shop_read_at,
        readings.books_read_at
    from matched
    left join readings
        on matched.shop = readings.shop
    left join variants
        on matched.shop = variants.shop
        and matched.product = cast(variants.variant_id as {{ dbt.type_string() }})
    left join breaks
        on matched.shop = breaks.shop
        and matched.product = breaks.product
        and matched.location = breaks.location
),

final as (
    select
        -- ids
        shop,
        product,
        location,
        sku,

        -- what reconciliation says
        {{ reconciliation_status() }} as status,
        judged_until,
        shop_read_at,
        books_read_at,

        -- where it is known
        is_in_shop,
        is_in_books,

        -- both sides, in units
        cast(location_count as bigint) as location_count,
        cast(on_hand as bigint) as on_hand,
        {{ money('booked_on_hand') }} as booked_on_hand,
        {{ money('booked_on_hand - on_hand') }} as difference,
        last_changed_at
    from joined
)

select * from final
