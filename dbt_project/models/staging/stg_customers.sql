with

customers as (
    select * from {{ source('shopify', 'customers') }}
),

final as (
    select
        -- ids
        shop,
        customer_id,

        -- what it is
        state,
        locale,
        is_tax_exempt,
        is_email_verified,
        email_marketing_state,
        email is not null as has_email,
        phone is not null as has_phone,

        -- as Shopify counts
        order_count as shopify_order_count,
        currency,
        amount_spent as shopify_amount_spent,

        -- times
        created_at,
        updated_at,

        -- load
        _load_id as load_id
    from customers
    where not _deleted
)

select * from final
