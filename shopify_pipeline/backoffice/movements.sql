-- Money that moved outside orders' own payments: one statement per kind of source, for a batch of roots.
-- Parameters: shop, ids (root ids), go_live_at (first instant of the books, UTC), go_live_on (their first day).
-- What was moved before go-live is in the opening balances.

-- name: dirty
select resource, external_id, seq
from ops.dirty
where shop = %(shop)s and resource = any(%(resources)s)
order by seq;

-- name: refused
select external_id
from backoffice.pushes
where shop = %(shop)s and resource = 'entries' and outcome in ('rejected', 'manual_edit')
order by external_id;

-- name: read_up_to
-- Everything up to then is in the warehouse; no row while something of the stream is withheld.
select c.cursor_at
from ops.cursors as c
where c.shop = %(shop)s and c.stream = %(stream)s
    and not exists (
        select
        from ops.quarantine as q
        where q.shop = c.shop and q.stream = c.stream and q.released_at is null
    );

-- name: expired_cards
-- A card that has ended is not changed by it: it is found by its last day.
select c.gift_card_id
from shopify.gift_cards as c
where c.shop = %(shop)s and not c._deleted and c.deactivated_at is null and c.balance > 0
    and c.expires_on >= %(go_live_on)s::date - 1 and c.expires_on < %(read_on)s
    and not exists (
        select
        from backoffice.pushes as p
        where p.shop = c.shop and p.resource = 'entries'
            and p.external_id = 'gift_card_end/' || c.gift_card_id and p.outcome <> 'rejected'
    )
order by c.gift_card_id;

-- name: balance
-- TRANSFER is the payout seen from the balance, and what undoes a transfer undoes a payout that was never booked.
-- The order is named once it is in the books.
select
    b.balance_transaction_id, b.type, b.transaction_at, b.currency, b.amount, b.fee, b.order_name,
    booked.external_id as order_id,
    b.type in ('CHARGE', 'REFUND') and b.order_transaction_id is not null as is_of_payment,
    case when paid.kind = 'REFUND' then -paid.amount_shop else paid.amount_shop end as paid,
    paid.currency as paid_currency
from shopify.balance_transactions as b
left join shopify.order_transactions as paid
    on paid.shop = b.shop and paid.transaction_id = b.order_transaction_id and b.type in ('CHARGE', 'REFUND')
    and paid.status = 'SUCCESS' and paid.kind in ('SALE', 'CAPTURE', 'REFUND')
left join backoffice.pushes as booked
    on booked.shop = b.shop and booked.resource = 'orders' and booked.external_id = b.order_id::text
    and booked.outcome not in ('rejected', 'manual_edit')
where b.shop = %(shop)s and b.balance_transaction_id = any(%(ids)s)
    and b.transaction_at >= %(go_live_at)s
    and not b.is_test and not b._deleted and not starts_with(b.type, 'TRANSFER')
order by b.transaction_at, b.balance_transaction_id;

-- name: payouts
-- A payout is booked once the bank has it; one that came back after that is booked back, once its way back is read. One
-- that was under way at go-live is booked when the opening balances brought it.
with returned as materialized (
    select b.source_id as payout_id, max(b.transaction_at) as returned_at
    from shopify.balance_transactions as b
    where b.shop = %(shop)s and b.source_id = any(%(ids)s) and b.type in ('TRANSFER_FAILURE', 'TRANSFER_CANCEL')
    group by b.source_id
)

select
    p.payout_id, p.status, p.direction, p.issued_at, p.currency, p.net, returned.returned_at
from shopify.payouts as p
left join returned on returned.payout_id = p.payout_id
where p.shop = %(shop)s and p.payout_id = any(%(ids)s) and not p._deleted
    and (
        p.issued_at >= %(go_live_at)s
        or exists (
            select
            from backoffice.pushes as opened
            where opened.shop = p.shop and opened.resource = 'entries'
                and opened.external_id = 'opening/payout/' || p.payout_id and opened.outcome <> 'rejected'
        )
    )
    and (
        p.status = 'PAID'
        or p.status in ('FAILED', 'CANCELED') and exists (
            select
            from backoffice.pushes as booked
            where booked.shop = p.shop and booked.resource = 'entries'
                and booked.external_id = 'payout/' || p.payout_id and booked.outcome <> 'rejected'
        )
    )
order by p.issued_at, p.payout_id;

-- name: lost_disputes
-- What was taken before go-live counts when the opening balances brought it; a null has still to be read.
with taken as materialized (
    select
        b.source_id as dispute_id, max(b.currency) as currency,
        coalesce(
            -sum(b.amount) filter (where b.transaction_at >= %(go_live_at)s or opened.external_id is not null), 0
        ) as withdrawn
    from shopify.balance_transactions as b
    left join backoffice.pushes as opened
        on opened.shop = b.shop and opened.resource = 'entries'
        and opened.external_id = 'opening/dispute/' || b.source_id and opened.outcome <> 'rejected'
    where b.shop = %(shop)s and b.source_type = 'DISPUTE' and b.source_id = any(%(ids)s) and not b.is_test
        and b.type in ('DISPUTE_WITHDRAWAL', 'DISPUTE_REVERSAL')
    group by b.source_id
)

select d.dispute_id, d.reason, d.finalized_on, taken.currency, taken.withdrawn, booked.external_id as order_id
from shopify.disputes as d
left join taken on taken.dispute_id = d.dispute_id
left join backoffice.pushes as booked
    on booked.shop = d.shop and booked.resource = 'orders' and booked.external_id = d.order_id::text
    and booked.outcome not in ('rejected', 'manual_edit')
where d.shop = %(shop)s and d.dispute_id = any(%(ids)s) and not d._deleted
    and d.type = 'CHARGEBACK' and d.status in ('LOST', 'ACCEPTED') and d.finalized_on >= %(go_live_at)s
order by d.finalized_on, d.dispute_id;

-- name: cards
-- Units of the line that sold a card, and how many of its cards are issued and ended; beside says how many (and whether
-- this one) ended within a minute after units were taken back. A test order and a deleted one sold nothing.
with card as materialized (
    select c.*, c.order_id is not null and not coalesce(o.is_test or o._deleted, false) as is_sold
    from shopify.gift_cards as c
    left join shopify.orders as o on o.shop = c.shop and o.order_id = c.order_id
    where c.shop = %(shop)s and c.gift_card_id = any(%(ids)s) and not c._deleted
),

sale as materialized (
    select s.order_line_id, s.action_type, s.quantity, s.total_presentment - s.total_tax_presentment as net, a.happened_at
    from shopify.order_sales as s
    inner join shopify.order_agreements as a
        on a.shop = s.shop and a.order_id = s.order_id and a.agreement_id = s.agreement_id
    where s.shop = %(shop)s and s.line_type = 'GIFT_CARD' and s.order_id in (select card.order_id from card)
),

sold as (
    select
        order_line_id,
        coalesce(sum(quantity) filter (where action_type = 'ORDER'), 0) as units,
        coalesce(-sum(quantity) filter (where action_type = 'RETURN'), 0) as units_back,
        coalesce(sum(net) filter (where action_type <> 'RETURN'), 0) as total
    from sale
    group by order_line_id
),

sibling as (
    select
        c.gift_card_id, c.order_line_id, c.deactivated_at,
        exists (
            select
            from sale
            where sale.order_line_id = c.order_line_id and sale.action_type = 'RETURN'
                and c.deactivated_at between sale.happened_at and sale.happened_at + interval '1 minute'
        ) as is_beside
    from shopify.gift_cards as c
    where c.shop = %(shop)s and c.order_line_id in (select card.order_line_id from card) and not c._deleted
),

issued as (
    select
        order_line_id, count(*) as units, count(deactivated_at) as ended, count(*) filter (where is_beside) as beside
    from sibling
    group by order_line_id
)

select
    card.gift_card_id, card.currency, card.initial_value, card.created_at, card.expires_on, card.deactivated_at,
    card.is_sold, sold.units is not null as is_sale_read,
    coalesce(sold.units, 0) as units_sold, coalesce(sold.units_back, 0) as units_back,
    coalesce(sold.total, 0) as sold_for,
    coalesce(issued.units, 0) as cards_issued, coalesce(issued.ended, 0) as cards_ended,
    coalesce(issued.beside, 0) as cards_beside, coalesce(sibling.is_beside, false) as is_beside
from card
left join sold on sold.order_line_id = card.order_line_id
left join issued on issued.order_line_id = card.order_line_id
left join sibling on sibling.gift_card_id = card.gift_card_id
order by card.created_at, card.gift_card_id;

-- name: card_moves
select gift_card_id, transaction_id, transaction_type, currency, amount, processed_at
from shopify.gift_card_transactions
where shop = %(shop)s and gift_card_id = any(%(ids)s)
order by processed_at, transaction_id;

-- name: card_moves_between
-- Of any card: what may be the other side of the same payments.
select gift_card_id, transaction_id, transaction_type, currency, amount, processed_at
from shopify.gift_card_transactions
where shop = %(shop)s and processed_at between %(first)s and %(last)s;

-- name: card_payments_between
select
    t.presentment_currency as currency,
    case when t.kind = 'REFUND' then t.amount_presentment else -t.amount_presentment end as amount,
    coalesce(t.processed_at, t.created_at) as processed_at
from shopify.order_transactions as t
inner join shopify.orders as o on o.shop = t.shop and o.order_id = t.order_id
where t.shop = %(shop)s and t.gateway = 'gift_card' and t.status = 'SUCCESS' and t.kind in ('SALE', 'CAPTURE', 'REFUND')
    and not o.is_test and not o._deleted
    and coalesce(t.processed_at, t.created_at) between %(first)s and %(last)s;

-- name: credit_moves
-- What became of the order's payment it belongs to: booked with the order, failed, or not decided yet.
select
    s.store_credit_account_id, s.transaction_type, s.transaction_id, s.currency, s.amount, s.event, s.created_at,
    case
        when s.order_transaction_id is null then 'none'
        when t.transaction_id is null then 'open'
        when o.is_test or o._deleted then 'none'
        when t.status = 'SUCCESS' and t.kind in ('SALE', 'CAPTURE', 'REFUND') or later.is_captured then 'booked'
        when t.status in ('FAILURE', 'ERROR') or later.is_void then 'failed'
        else 'open'
    end as payment
from shopify.store_credit_transactions as s
left join shopify.order_transactions as t on t.shop = s.shop and t.transaction_id = s.order_transaction_id
left join shopify.orders as o on o.shop = t.shop and o.order_id = t.order_id
left join lateral (
    select bool_or(n.kind = 'CAPTURE') as is_captured, bool_or(n.kind = 'VOID') as is_void
    from shopify.order_transactions as n
    where n.shop = t.shop and n.order_id = t.order_id and n.parent_transaction_id = t.transaction_id
        and t.kind = 'AUTHORIZATION' and n.status = 'SUCCESS'
) as later on true
where s.shop = %(shop)s and s.store_credit_account_id = any(%(ids)s) and s.created_at >= %(go_live_at)s
order by s.created_at, s.transaction_id;
