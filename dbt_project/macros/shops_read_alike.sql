{#- Shops whose census and snapshot are still the ones the mart was built from.

A reconciliation may replace them between the building of a mart and its testing: the next build's business, no mistake
of this one. A shop the mart has nothing of is compared as it is.
-#}
{% macro shops_read_alike(model) -%}
    select shops.shop
    from {{ source('ops', 'shops') }} as shops
    left join {{ source('recon', 'censuses') }} as censuses
        on shops.shop = censuses.shop
    left join {{ source('backoffice', 'snapshots') }} as snapshots
        on shops.shop = snapshots.shop
    left join (
        select
            shop,
            max(shop_read_at) as shop_read_at,
            max(books_read_at) as books_read_at
        from {{ model }}
        group by shop
    ) as held
        on shops.shop = held.shop
    where held.shop is null
        or (
            censuses.as_of = held.shop_read_at
            and snapshots.as_of = held.books_read_at
        )
{%- endmacro %}
