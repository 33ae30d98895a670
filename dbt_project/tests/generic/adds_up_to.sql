{#- The column's sum per shop is the sum of what a census or snapshot table says: nothing lost, nothing fanned out.

`condition` says which rows of the reading count (`there`); with `listed_in`, only those that `listed_when` finds there
(`listed`).
-#}
{% test adds_up_to(model, column_name, reading, amount, condition='true', listed_in=none, listed_when='true') %}
    with

    legs as (
        select
            shop,
            {{ column_name }} as amount
        from {{ model }}

        union all

        select
            there.shop,
            -({{ amount }}) as amount
        from {{ reading }} as there
        where ({{ condition }})
        {%- if listed_in %}
            and exists (
                select 1
                from {{ listed_in }} as listed
                where listed.shop = there.shop
                    and ({{ listed_when }})
            )
        {%- endif %}
    )

    select
        shop,
        sum(amount) as difference
    from legs
    where shop in ({{ shops_read_alike(model) }})
    group by shop
    having sum(amount) <> 0
{% endtest %}
