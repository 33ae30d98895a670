{#- What reconciliation made of a row: the ledger's word first, then whether the row was judged at all.

The row has the columns open_breaks, in_transit_breaks, accepted_breaks, is_in_scope and is_judged.
-#}
{% macro reconciliation_status() -%}
    case
        when open_breaks > 0 then 'broken'
        when in_transit_breaks > 0 then 'in_transit'
        when not is_in_scope then 'before_go_live'
        when not is_judged then 'in_transit'
        when accepted_breaks > 0 then 'accepted'
        else 'agreed'
    end
{%- endmacro %}
