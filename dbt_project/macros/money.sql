{#- An amount in major units: six decimals hold every currency of ISO 4217 (at most four) and unit costs. -#}
{% macro money(amount) -%}
    cast({{ amount }} as numeric(20, 6))
{%- endmacro %}
