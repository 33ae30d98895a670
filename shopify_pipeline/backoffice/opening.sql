-- What stood open when the books began: one statement per kind, as of the first instant of go-live.
-- Parameters: shop, go_live_on, go_live_at (its first instant, UTC), told (gateways whose balance Shopify tells itself),
-- put_on (types of transactions that put money on a card or account: signs are not relied on), arrived_since (a payout
-- that was issued before had arrived by go-live).

-- name: shop_currency
select currency
from shopify.orders
where shop = %(shop)s
order by processed_at desc, order_id desc
limit 1;

-- name: candidates
-- Orders from before go-live that may have been open then: sold and paid are not the same, units have still to leave or
-- left later. What is open exactly is decided by the mapping, sale by sale; this only leaves out what cannot be.
with sold as (
    select a.order_id, sum(s.total_shop) as amount
    from shopify.order_agreements as a
    inner join shopify.order_sales as s on s.shop = a.shop and s.order_id = a.order_id and s.agreement_id = a.agreement_id
    where a.shop = %(shop)s and a.happened_at < %(go_live_at)s
    group by a.order_id
),

paid as (
    select order_id, sum(case when kind in ('REFUND', 'CHANGE') then -amount_shop else amount_shop end) as amount
    from shopify.order_transactions
    where shop = %(shop)s and status = 'SUCCESS' and kind in ('SALE', 'CAPTURE', 'REFUND', 'CHANGE')
        and coalesce(processed_at, created_at) < %(go_live_at)s
    group by order_id
)

select o.order_id
from shopify.orders as o
left join sold on sold.order_id = o.order_id
left join paid on paid.order_id = o.order_id
where o.shop = %(shop)s and not o.is_test and not o._deleted and o.processed_at < %(go_live_at)s
    and (
        coalesce(sold.amount, 0) <> coalesce(paid.amount, 0)
        or exists (
            select
            from shopify.order_lines as l
            where l.shop = o.shop and l.order_id = o.order_id and l.unfulfilled_quantity > 0
        )
        or exists (
            select
            from shopify.fulfillments as f
            where f.shop = o.shop and f.order_id = o.order_id and f.created_at >= %(go_live_at)s
        )
        -- An adjustment that was held back and is not posted may hide what is owed.
        or exists (
            select
            from shopify.refund_adjustments as r
            where r.shop = o.shop and r.order_id = o.order_id and r.reason = 'PENDING_REFUND_DISCREPANCY'
        )
    )
order by o.processed_at, o.order_id;

-- name: balance
-- What Shopify Payments held, by currency. Money of an order counts from the order's own transaction on and as that says
-- it, because that is what the push posts; a fee, and everything else, from its own. A transfer is a payout seen from the
-- balance, and one that came back never left.
with entries as (
    select
        b.currency, b.transaction_at, b.amount, b.fee,
        case when b.type in ('CHARGE', 'REFUND') then coalesce(t.processed_at, t.created_at) end as paid_at,
        case when t.kind = 'REFUND' then -t.amount_shop else t.amount_shop end as paid
    from shopify.balance_transactions as b
    left join shopify.order_transactions as t on t.shop = b.shop and t.transaction_id = b.order_transaction_id
    where b.shop = %(shop)s and not b.is_test and not b._deleted and not starts_with(b.type, 'TRANSFER')
),

moved as (
    select currency, case when transaction_at < %(go_live_at)s then amount else paid end as amount
    from entries
    where coalesce(paid_at, transaction_at) < %(go_live_at)s
    union all
    select currency, -fee
    from entries
    where transaction_at < %(go_live_at)s
    union all
    select p.currency, case when p.direction = 'WITHDRAWAL' then abs(p.net) else -abs(p.net) end
    from shopify.payouts as p
    left join backoffice.pushes as brought
        on brought.shop = p.shop and brought.resource = 'entries' and brought.outcome <> 'rejected'
        and brought.external_id = 'opening/payout/' || p.payout_id
    where p.shop = %(shop)s and not p._deleted and p.issued_at < %(go_live_at)s
        and (p.status in ('SCHEDULED', 'IN_TRANSIT', 'PAID') or brought.external_id is not null)
)

select currency, sum(amount) as amount
from moved
group by currency
having sum(amount) <> 0
order by currency;

-- name: reserves
-- What Shopify held back of the balance.
select currency, count(*) as records, -sum(net) as amount
from shopify.balance_transactions
where shop = %(shop)s and not is_test and not _deleted
    and type in ('RESERVED_FUNDS', 'RESERVED_FUNDS_REVERSAL', 'RESERVED_FUNDS_WITHDRAWAL')
    and transaction_at < %(go_live_at)s
group by currency
having sum(net) <> 0
order by currency;

-- name: disputes
-- What chargebacks had taken that were not decided yet.
select d.dispute_id, b.currency, -sum(b.amount) as amount
from shopify.disputes as d
inner join shopify.balance_transactions as b on b.shop = d.shop and b.source_id = d.dispute_id
where d.shop = %(shop)s and not d._deleted and d.type = 'CHARGEBACK'
    and (d.finalized_on is null or d.finalized_on >= %(go_live_at)s)
    and b.source_type = 'DISPUTE' and b.type in ('DISPUTE_WITHDRAWAL', 'DISPUTE_REVERSAL')
    and not b.is_test and b.transaction_at < %(go_live_at)s
group by d.dispute_id, b.currency
having sum(b.amount) <> 0
order by d.dispute_id, b.currency;

-- name: in_transit
-- Payouts that were issued before go-live and have not arrived yet: the push books each when it does. One that was
-- brought stays so, whatever became of it.
select
    p.payout_id, p.currency, case when p.direction = 'WITHDRAWAL' then -abs(p.net) else abs(p.net) end as amount,
    p.issued_at
from shopify.payouts as p
left join backoffice.pushes as brought
    on brought.shop = p.shop and brought.resource = 'entries' and brought.outcome <> 'rejected'
    and brought.external_id = 'opening/payout/' || p.payout_id
where p.shop = %(shop)s and not p._deleted and p.issued_at < %(go_live_at)s and p.net <> 0
    and (p.status in ('SCHEDULED', 'IN_TRANSIT') or brought.external_id is not null)
order by p.issued_at, p.payout_id;

-- name: in_doubt
-- Payouts that have arrived, of which nothing says on which side of go-live: Shopify tells no day of arrival, and they
-- were not seen to have arrived before.
select
    p.payout_id, p.currency, case when p.direction = 'WITHDRAWAL' then -abs(p.net) else abs(p.net) end as amount,
    p.issued_at
from shopify.payouts as p
left join backoffice.pushes as brought
    on brought.shop = p.shop and brought.resource = 'entries' and brought.outcome <> 'rejected'
    and brought.external_id = 'opening/payout/' || p.payout_id
where p.shop = %(shop)s and not p._deleted and p.net <> 0
    and p.issued_at >= %(arrived_since)s and p.issued_at < %(go_live_at)s
    and p.status = 'PAID' and p._observed_at >= %(go_live_at)s and brought.external_id is null
order by p.issued_at, p.payout_id;

-- name: gift_cards
-- What cards were worth, by currency; a card that was sold is owed for from its sale on, whenever it was made, and also
-- while it is not made yet.
with card as (
    select
        c.gift_card_id, c.balance_currency as currency, c.initial_value,
        coalesce(
            (
                select min(a.happened_at)
                from shopify.order_sales as s
                inner join shopify.order_agreements as a
                    on a.shop = s.shop and a.order_id = s.order_id and a.agreement_id = s.agreement_id
                where s.shop = c.shop and s.order_id = c.order_id and s.order_line_id = c.order_line_id
            ),
            c.created_at
        ) as owed_at
    from shopify.gift_cards as c
    where c.shop = %(shop)s and not c._deleted
        and (c.deactivated_at is null or c.deactivated_at >= %(go_live_at)s)
        -- A card ends the day after its last one.
        and (c.expires_on is null or c.expires_on >= %(go_live_on)s::date - 1)
),

line as (
    select
        s.order_line_id, o.presentment_currency as currency,
        sum(s.quantity) filter (where s.action_type = 'ORDER') as units,
        coalesce(-sum(s.quantity) filter (where s.action_type = 'RETURN'), 0) as units_back,
        sum(s.total_presentment - s.total_tax_presentment) filter (where s.action_type <> 'RETURN') as sold_for
    from shopify.order_sales as s
    inner join shopify.order_agreements as a
        on a.shop = s.shop and a.order_id = s.order_id and a.agreement_id = s.agreement_id
    inner join shopify.orders as o on o.shop = s.shop and o.order_id = s.order_id
    where s.shop = %(shop)s and s.line_type = 'GIFT_CARD' and a.happened_at < %(go_live_at)s
        and not o.is_test and not o._deleted
    group by s.order_line_id, o.presentment_currency
),

unmade as (
    select line.currency, line.sold_for, line.units, line.units - line.units_back - count(c.gift_card_id) as units_open
    from line
    left join shopify.gift_cards as c
        on c.shop = %(shop)s and c.order_line_id = line.order_line_id and not c._deleted
    where line.units > 0
    group by line.order_line_id, line.currency, line.sold_for, line.units, line.units_back
),

worth as (
    select card.currency, card.initial_value + coalesce(moved.amount, 0) as amount
    from card
    left join lateral (
        select sum(case when t.transaction_type = any(%(put_on)s) then abs(t.amount) else -abs(t.amount) end) as amount
        from shopify.gift_card_transactions as t
        where t.shop = %(shop)s and t.gift_card_id = card.gift_card_id and t.processed_at < %(go_live_at)s
    ) as moved on true
    where card.owed_at < %(go_live_at)s
    union all
    select unmade.currency, unmade.sold_for * unmade.units_open / unmade.units
    from unmade
    where unmade.units_open > 0
)

select currency, count(*) as records, sum(amount) as amount
from worth
where amount <> 0
group by currency
order by currency;

-- name: store_credit
with account as (
    select
        a.store_credit_account_id, a.currency,
        sum(case when t.transaction_type = any(%(put_on)s) then abs(t.amount) else -abs(t.amount) end) as amount
    from shopify.store_credit_accounts as a
    inner join shopify.store_credit_transactions as t
        on t.shop = a.shop and t.store_credit_account_id = a.store_credit_account_id
    where a.shop = %(shop)s and not a._deleted and t.created_at < %(go_live_at)s
    group by a.store_credit_account_id, a.currency
)

select currency, count(*) as records, sum(amount) as amount
from account
where amount <> 0
group by currency
order by currency;

-- name: other_gateways
-- Gateways that settle outside Shopify, and what went through them before go-live.
select
    coalesce(gateway, '') as gateway, currency, count(*) as records,
    sum(case when kind in ('REFUND', 'CHANGE') then -amount_shop else amount_shop end) as amount
from shopify.order_transactions
where shop = %(shop)s and not is_test and status = 'SUCCESS' and kind in ('SALE', 'CAPTURE', 'REFUND', 'CHANGE')
    and coalesce(processed_at, created_at) < %(go_live_at)s
    and not (coalesce(gateway, '') = any(%(told)s))
group by gateway, currency
order by gateway, currency;
