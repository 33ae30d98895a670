with

documents as (
    select * from {{ source('backoffice', 'documents') }}
),

final as (
    select
        -- ids
        shop,
        record,
        external_id,
        order_id,

        -- what it is
        action_type,
        state,

        -- money in the document's currency
        currency,
        total,
        tax,

        -- days
        dated_on,
        booked_on
    from documents
)

select * from final
