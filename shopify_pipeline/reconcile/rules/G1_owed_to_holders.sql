-- What is owed on gift cards and as store credit is the sum of what can be spent.
-- source: the census's cards and accounts in the shop's currency, gift cards that are sold and not made yet, and what orders
-- in other currencies sold of cards and paid with them since go-live, each at its own rate; against the back office's own
-- control totals (debit less credit, so what is owed is negative) of the accounts the value map has for GIFT_CARD, gift_card
-- and shopify_store_credit; the line's account counts with the gateway's. key: account;
-- tolerance: none; lag: yes, counted from the newest movement on any card or account. A payment by card that is not booked
-- is rule P1's too; what is owed in another currency is rule G2's.
-- The books hold what was owed before go-live only once the opening balances are in them: until then this compares
-- nothing, unless nothing is older than go-live.

-- name: checked
select count(distinct code)
from backoffice.value_map
where shop = %(shop)s
    and (kind = 'gateway' and key in ('gift_card', 'shopify_store_credit') or kind = 'line' and key = 'GIFT_CARD');

-- name: differences
with bounds as (
    select
        (select min(currency) from recon.census_orders where shop = %(shop)s) as currency,
        exists (
            select
            from backoffice.ledger
            where shop = %(shop)s and resource = 'entries' and starts_with(external_id, 'opening/')
        ) or not exists (
            select
            from recon.census_orders
            where shop = %(shop)s and created_at < %(go_live_on)s::date::timestamp at time zone %(time_zone)s
            union all
            select
            from recon.census_gift_cards
            where shop = %(shop)s and created_at < %(go_live_on)s::date::timestamp at time zone %(time_zone)s
        ) as is_whole
),

word as (
    select
        coalesce(max(code) filter (where kind = 'gateway' and key = 'gift_card'), max(code) filter (where kind = 'line'))
            as gift_card,
        max(code) filter (where kind = 'line') as sold,
        max(code) filter (where kind = 'gateway' and key = 'shopify_store_credit') as store_credit
    from backoffice.value_map
    where shop = %(shop)s
        and (kind = 'gateway' and key in ('gift_card', 'shopify_store_credit') or kind = 'line' and key = 'GIFT_CARD')
),

card as (
    select c.*, c.deactivated_at is null and coalesce(c.expires_on >= (%(as_of)s at time zone %(time_zone)s)::date, true) as is_open
    from recon.census_gift_cards as c
    where c.shop = %(shop)s
),

sold as (
    select
        s.total - s.tax as amount, s.happened_at, s.is_in_books, o.currency <> o.presentment_currency as is_abroad,
        exists (select from card where card.order_line_id = sale.order_line_id) as is_made
    from expected_sales as s
    inner join recon.census_sales as sale on sale.shop = %(shop)s and sale.sale_id = s.sale_id
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = s.order_id
    where s.line_type = 'GIFT_CARD' and not s.is_left_out
),

paid as (
    select e.gateway, e.amount, e.processed_at, o.currency <> o.presentment_currency as is_abroad
    from expected_payments as e
    inner join recon.census_orders as o on o.shop = %(shop)s and o.order_id = e.order_id
    where e.gateway in ('gift_card', 'shopify_store_credit')
),

owing as (
    select word.gift_card as account, card.balance as amount
    from card
    cross join word
    cross join bounds
    where card.is_open and card.currency = bounds.currency
    union all
    select word.store_credit, a.balance
    from recon.census_store_credit as a
    cross join word
    cross join bounds
    where a.shop = %(shop)s and a.currency = bounds.currency
    union all
    select word.gift_card, sold.amount
    from sold
    cross join word
    where sold.is_abroad and sold.is_in_books or not sold.is_abroad and not sold.is_made
    union all
    select case paid.gateway when 'gift_card' then word.gift_card else word.store_credit end, -paid.amount
    from paid
    cross join word
    where paid.is_abroad
),

moved as (
    select updated_at as at from card
    union all
    -- A card ends with its last day, and nothing stamps it.
    select (expires_on + 1)::timestamp at time zone %(time_zone)s
    from card
    where (expires_on + 1)::timestamp at time zone %(time_zone)s <= %(as_of)s
    union all
    select moved_at from recon.census_store_credit where shop = %(shop)s
    union all
    select happened_at from sold
    union all
    select processed_at from paid
),

expected as (
    select owing.account, -sum(owing.amount) as amount
    from (
        select account, amount from owing
        union all
        select gift_card, 0 from word
        union all
        select store_credit, 0 from word
    ) as owing
    where owing.account is not null
    group by owing.account
),

booked as (
    select case t.account when word.sold then word.gift_card else t.account end as account, sum(t.amount) as amount
    from backoffice.totals as t
    cross join word
    where t.shop = %(shop)s
    group by case t.account when word.sold then word.gift_card else t.account end
)

select
    'accounts/' || e.account as entity,
    '' as key,
    'amount_mismatch' as class,
    trim_scale(e.amount)::text as expected,
    trim_scale(coalesce(b.amount, 0))::text as actual,
    coalesce(b.amount, 0) - e.amount as difference,
    bounds.currency,
    (select max(at) from moved) as since,
    concat(
        'account ', e.account, ': ', trim_scale(-e.amount), ' can be spent on ',
        concat_ws(' and ', case when e.account = word.gift_card then 'gift cards' end, case when e.account = word.store_credit then 'store credit' end),
        ', and the books owe ', trim_scale(-coalesce(b.amount, 0))
    ) as message
from expected as e
cross join bounds
cross join word
left join booked as b on b.account = e.account
where bounds.is_whole and coalesce(b.amount, 0) <> e.amount
order by e.account;
