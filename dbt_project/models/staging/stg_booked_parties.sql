with

parties as (
    select * from {{ source('backoffice', 'parties') }}
),

-- A party has a row for each of its addresses, and an address is nobody's business here.
final as (
    select distinct
        shop,
        record,
        external_id
    from parties
)

select * from final
