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
        agreement_id,

        -- what it is
        action_type,
        number,
        state,
        company,

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
