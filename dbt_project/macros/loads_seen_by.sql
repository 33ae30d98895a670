{#- The newest load of each shop that a mart has seen, and the newest of all for a shop it has nothing of.

A load may commit between the building of a mart and its testing. What it brought carries a newer load_id than anything
of that shop in the mart: the next build's business, no mistake of this one.
-#}
{% macro loads_seen_by(model) -%}
    select
        shops.shop,
        coalesce(max(held.load_id), (select max(load_id) from {{ model }})) as load_id
    from {{ source('ops', 'shops') }} as shops
    left join {{ model }} as held
        on shops.shop = held.shop
    group by shops.shop
{%- endmacro %}
