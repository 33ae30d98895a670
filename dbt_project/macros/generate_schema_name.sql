{#- Schemas are exactly `staging` and `marts`, in every environment: an environment is a database, not a prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
