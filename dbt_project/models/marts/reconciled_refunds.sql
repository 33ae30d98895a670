with

readings as (
    select * from {{ ref('int_readings') }}
),

orders as (
    select * from {{ ref('int_counted_orders') }}
),

sales as (
    select * from {{ ref('int_counted_sales') }}
),

refunds as (
    select * from {{ ref('stg_census_refunds') }}
),

pending as (
    select * from {{ ref('int_pending_refunds') }}
),

documents as (
    select * from {{ ref('stg_documents') }}
    where state in ('posted', 'paid')
),

agreed as (
    select
        shop,
        agreement_id,
        action_type,
        order_id,
        min(agreement_type) as agreement_type,
        min(refund_id) as refund_id,
        min(happened_on) as agreed_on,
        min(currency) as currency,
        min(case when is_in_books then 1 else 0 end) = 1 as is_owed,
        sum(total) as total,
        sum(tax) as tax
    from sales
    where agreement_type in ('RefundAgreement', 'ReturnAgreement')
    group by
        shop,
        agreement_id,
        action_type,
        order_id
),

-- Of the documents those that credit: of a refund or return, or a return of an agreement the shop does not know.
agreements as (
    select
        shop,
        agreement_id,
        min(agreement_type) as agreement_type
    from sales
    group by
        shop,
        agreement_id
),

credited as (
    select
        documents.shop,
        documents.agreement_id,
        documents.action_type,
        documents.order_id,
        min(documents.currency) as currency,
        min(documents.dated_on) as dated_on,
        count(*) as document_count,
        sum(documents.total) as total,
        sum(documents.tax) as tax
    from documents
    left join agreements
        on documents.shop = agreements.shop
        and documents.agreement_id = agreements.agreement_id
    where agreements.agreement_type in ('RefundAgreement', 'ReturnAgreement')
        or (agreements.agreement_id is null and documents.action_type = 'RETURN')
    group by
        documents.shop,
        documents.agreement_id,
        documents.action_type,
        documents.order_id
),

own_breaks as (
    select
        shop,
        order_id,
        break_key,
        sum(is_open) as open_breaks,
        sum(is_in_transit) as in_transit_breaks,
        sum(is_accepted) as accepted_breaks
    from {{ ref('int_standing_breaks') }}
    where rule in ('R1', 'R2a', 'R3')
    group by
        shop,
        order_id,
        break_key
),

order_breaks as (
    select * from {{ ref('int_order_breaks') }}
),

matched as (
    select
        coalesce(agreed.shop, credited.shop) as shop,
        coalesce(agreed.agreement_id, credited.agreement_id) as agreement_id,
        coalesce(agreed.action_type, credited.action_type) as action_type,
        coalesce(agreed.order_id, credited.order_id) as order_id,
        agreed.agreement_type,
        agreed.refund_id,
        agreed.agreed_on,
        credited.dated_on as credited_on,
        agreed.agreement_id is not null as is_in_shop,
        credited.agreement_id is not null as is_in_books,
        coalesce(agreed.is_owed, true) or credited.agreement_id is not null as is_in_scope,
        coalesce(agreed.currency, credited.currency) as currency,
        agreed.total as agreed_total,
        agreed.tax as agreed_tax,
        coalesce(credited.document_count, 0) as document_count,
        credited.total as credited_total,
        credited.tax as credited_tax,
        coalesce(credited.total, 0) - case when agreed.is_owed then agreed.total else 0 end as difference,
        coalesce(credited.tax, 0) - case when agreed.is_owed then agreed.tax else 0 end as tax_difference
    from agreed
    full outer join credited
        on agreed.shop = credited.shop
        and agreed.agreement_id = credited.agreement_id
        and agreed.action_type = credited.action_type
        and agreed.order_id = credited.order_id
),

-- A credit note that is missing with its whole order is the order's break.
joined as (
    select
        matched.*,
        orders.order_name,
        refunds.total_refunded as refund_money,
        coalesce(pending.pending_refund_count, 0) > 0 as has_pending_refund,
        coalesce(
            own_breaks.open_breaks, case when matched.difference <> 0 then order_breaks.open_breaks end, 0
        ) as open_breaks,
        coalesce(
            own_breaks.in_transit_breaks, case when matched.difference <> 0 then order_breaks.in_transit_breaks end, 0
        ) as in_transit_breaks,
        coalesce(
            own_breaks.accepted_breaks, case when matched.difference <> 0 then order_breaks.accepted_breaks end, 0
        ) as accepted_breaks,
        coalesce(readings.is_judged, false) as is_judged,
        readings.judged_until,
        readings.shop_read_at,
        readings.books_read_at
    from matched
    left join orders
        on matched.shop = orders.shop
        and matched.order_id = orders.order_id
    left join refunds
        on matched.shop = refunds.shop
        and matched.refund_id = refunds.refund_id
    left join pending
        on matched.shop = pending.shop
        and matched.order_id = pending.order_id
    left join readings
        on matched.shop = readings.shop
    left join own_breaks
        on matched.shop = own_breaks.shop
        and matched.order_id = own_breaks.order_id
        and own_breaks.break_key = {{ dbt.concat(["cast(matched.agreement_id as " ~ dbt.type_string() ~ ")", "'/'", "matched.action_type"]) }}
    left join order_breaks
        on matched.shop = order_breaks.shop
        and matched.order_id = order_breaks.order_id
),

final as (
    select
        -- ids
        shop,
        order_id,
        agreement_id,
        action_type,
        refund_id,
        order_name,

        -- what reconciliation says
        {{ reconciliation_status() }} as status,
        judged_until,
        shop_read_at,
        books_read_at,

        -- where it is known
        is_in_shop,
        is_in_books,
        is_in_scope,
        has_pending_refund,

        -- what it is
        agreement_type,
        agreed_on,
        credited_on,

        -- both sides, in shop currency
        currency,
        {{ money('agreed_total') }} as agreed_total,
        cast(document_count as bigint) as document_count,
        {{ money('credited_total') }} as credited_total,
        {{ money('difference') }} as difference,
        {{ money('agreed_tax') }} as agreed_tax,
        {{ money('credited_tax') }} as credited_tax,
        {{ money('tax_difference') }} as tax_difference,

        -- the money that went back, which is not the credit note
        {{ money('refund_money') }} as refund_money
    from joined
)

select * from final
