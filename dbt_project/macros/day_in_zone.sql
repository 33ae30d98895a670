{#- The calendar day an instant falls on in an IANA time zone: a merchant's day is never the UTC day. -#}
{% macro day_in_zone(instant, zone) -%}
    {{ return(adapter.dispatch('day_in_zone')(instant, zone)) }}
{%- endmacro %}

{% macro default__day_in_zone(instant, zone) -%}
    cast(({{ instant }} at time zone {{ zone }}) as date)
{%- endmacro %}
