-- What waits at a gateway by the books is what the shop says waits there.
-- source: for Shopify Payments the balance it says it holds and payouts that have not reached the bank; for any other gateway
-- the money since go-live, cash with what it was rounded by; against the back office's own control totals of the account.
-- key: clearing account (gateways that share one are summed); tolerance: none; lag: yes, counted from the newest movement
-- that only one side has, so that a difference nothing on its way explains is a break at once.
-- A second witness: which payment, fee or payout it is, rules P1, P2, Y4, Y5 and Y7 say; errors that offset each other show
-- there only. Only the back office knows, and is believed, what another gateway held when the books began
-- (opening/clearing/<gateway>) and which cash paid out gift cards (gift_card_move/…, whose other side rule G1 judges).
-- While no opening balance is in the books, what Shopify Payments held at go-live is taken off. Exceptions: gift cards and
-- store credit are rule G1's; a balance in another currency than the shop's is not in the books.

-- name: checked
select count(distinct code)
from backoffice.value_map
where shop = %(shop)s and kind = 'gateway' and key not in ('gift_card', 'shopify_store_credit');

-- name: differences
with bounds as (
    select
        %(go_live_on)s::date::timestamp at time zone %(time_zone)s as go_live_at,
        exists (
            select
            from backoffice.ledger
            where shop = %(shop)s and resource = 'entries' and starts_with(external_id, 'opening/')
        ) as is_opened,
        exists (select from recon.census_funds where shop = %(shop)s) as is_told,
        (select min(currency) from recon.census_orders where shop = %(shop)s) as currency
),

gateway as (
    select key, code
    from backoffice.value_map
    where shop = %(shop)s and kind = 'gateway' and key not in ('gift_card', 'shopify_store_credit')
),

movement as (
    select b.balance_transaction_id, b.type, b.transaction_at, b.amount, b.fee, b.order_transaction_id
    from recon.census_balance as b
    cross join bounds
    where b.shop = %(shop)s and not b.is_test and not starts_with(b.type, 'TRANSFER') and b.currency = bounds.currency
),

payout as (
    select
        p.payout_id, p.status, p.issued_at,
        case when p.direction = 'WITHDRAWAL' then -abs(p.net) else abs(p.net) end as net
    from recon.census_payouts as p
    cross join bounds
    where p.shop = %(shop)s and p.currency = bounds.currency
),

-- What Shopify Payments held at go-live, as the books begin: a payment by its own transaction, the rest by its own time.
held as (
    select case when m.transaction_at < bounds.go_live_at then m.amount else paid.amount end as amount
    from movement as m
    cross join bounds
    left join lateral (
        select case when t.kind = 'REFUND' then -t.amount else t.amount end as amount, t.processed_at
        from recon.census_transactions as t
        where t.shop = %(shop)s and t.transaction_id = m.order_transaction_id and m.type in ('CHARGE', 'REFUND')
    ) as paid on true
    where coalesce(paid.processed_at, m.transaction_at) < bounds.go_live_at
    union all
    select -m.fee
    from movement as m
    cross join bounds
    where m.transaction_at < bounds.go_live_at
    union all
    select -payout.net
    from payout
    cross join bounds
    where payout.issued_at < bounds.go_live_at and payout.status in ('SCHEDULED', 'IN_TRANSIT', 'PAID')
),

waiting as (
    select e.gateway as key, e.amount + e.rounding as amount
    from expected_payments as e
    cross join bounds
    where e.gateway <> 'shopify_payments' or not bounds.is_told
    union all
    select 'shopify_payments', f.balance
    from recon.census_funds as f
    inner join bounds on bounds.currency = f.currency
    where f.shop = %(shop)s
    union all
    select 'shopify_payments', payout.net
    from payout
    cross join bounds
    where payout.status in ('SCHEDULED', 'IN_TRANSIT') and (bounds.is_opened or payout.issued_at >= bounds.go_live_at)
    union all
    select 'shopify_payments', -held.amount
    from held
    cross join bounds
    where bounds.is_told and not bounds.is_opened
    union all
    select substr(l.external_id, length('opening/clearing/') + 1), l.amount
    from backoffice.ledger as l
    cross join bounds
    inner join gateway on 'opening/clearing/' || gateway.key = l.external_id and gateway.code = l.account
    where l.shop = %(shop)s and l.resource = 'entries' and (gateway.key <> 'shopify_payments' or not bounds.is_told)
    union all
    select 'cash', l.amount
    from backoffice.ledger as l
    inner join gateway on gateway.key = 'cash' and gateway.code = l.account
    where l.shop = %(shop)s and l.resource = 'entries' and starts_with(l.external_id, 'gift_card_move/')
),

one_sided as (
    select gateway.code as account, e.processed_at as at
    from expected_payments as e
    inner join gateway on gateway.key = e.gateway
    where not exists (
        select from backoffice.payments as b where b.shop = %(shop)s and b.transaction_id = e.transaction_id
    )
    union all
    select b.account, least((b.paid_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s)
    from backoffice.payments as b
    where b.shop = %(shop)s
        and not exists (select from expected_payments as e where e.transaction_id = b.transaction_id)
    union all
    select gateway.code, fact.at
    from (
        select e.processed_at as at
        from expected_payments as e
        cross join bounds
        where e.gateway = 'shopify_payments' and bounds.is_told
            and not exists (select from movement as m where m.order_transaction_id = e.transaction_id)
        union all
        select m.transaction_at
        from movement as m
        inner join expected_balance as x
            on x.balance_transaction_id = m.balance_transaction_id and x.leg = 'clearing' and x.amount <> 0
        where not exists (
            select
            from backoffice.ledger as l
            where l.shop = %(shop)s and l.resource = 'entries'
                and l.external_id = 'balance/' || m.balance_transaction_id
        )
        union all
        select payout.issued_at
        from payout
        where payout.status = 'PAID' and not exists (
            select
            from backoffice.ledger as l
            where l.shop = %(shop)s and l.resource = 'entries' and l.external_id = 'payout/' || payout.payout_id
        )
        union all
        select least((l.booked_on + 1)::timestamp at time zone %(time_zone)s, %(as_of)s)
        from backoffice.ledger as l
        left join payout on l.external_id = 'payout/' || payout.payout_id
        left join movement as m on l.external_id = 'balance/' || m.balance_transaction_id
        where l.shop = %(shop)s and l.resource = 'entries'
            and (
                starts_with(l.external_id, 'payout/') and payout.status is distinct from 'PAID'
                or starts_with(l.external_id, 'balance/') and m.balance_transaction_id is null
            )
    ) as fact
    inner join gateway on gateway.key = 'shopify_payments'
),

expected as (
    select gateway.code as account, string_agg(distinct gateway.key, ', ') as gateways, coalesce(sum(waiting.amount), 0) as amount
    from gateway
    left join waiting on waiting.key = gateway.key
    group by gateway.code
),

booked as (
    select account, sum(amount) as amount
    from backoffice.totals
    where shop = %(shop)s
    group by account
)

select
    'accounts/' || e.account as entity,
    '' as key,
    'amount_mismatch' as class,
    trim_scale(e.amount)::text as expected,
    trim_scale(coalesce(b.amount, 0))::text as actual,
    coalesce(b.amount, 0) - e.amount as difference,
    bounds.currency,
    (select max(one_sided.at) from one_sided where one_sided.account = e.account) as since,
    concat(
        'account ', e.account, ' (', e.gateways, '): ', trim_scale(e.amount), ' waits there by the shop, ',
        trim_scale(coalesce(b.amount, 0)), ' by the books'
    ) as message
from expected as e
cross join bounds
left join booked as b on b.account = e.account
where coalesce(b.amount, 0) <> e.amount
order by e.account;
