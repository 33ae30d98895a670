-- What is owed on gift cards and as store credit is owed in the shop's currency.
-- source: the census's cards and accounts that can be spent, by currency. The books are kept in one currency and have no
-- rate for another, so what is owed in it is booked by hand; rule G1 leaves it out. key: kind and currency.

-- name: checked
select (
    select count(*) from recon.census_gift_cards where shop = %(shop)s
) + (
    select count(*) from recon.census_store_credit where shop = %(shop)s
);

-- name: differences
with own as (
    select min(currency) as currency
    from recon.census_orders
    where shop = %(shop)s
),

owed as (
    select 'gift cards' as kind, currency, balance
    from recon.census_gift_cards
    where shop = %(shop)s and deactivated_at is null
        and (expires_on is null or expires_on >= (%(as_of)s at time zone %(time_zone)s)::date)
    union all
    select 'store credit', currency, balance
    from recon.census_store_credit
    where shop = %(shop)s
)

select
    'currencies/' || owed.currency as entity,
    owed.kind as key,
    'attention' as class,
    trim_scale(sum(owed.balance))::text as expected,
    null::text as actual,
    -sum(owed.balance) as difference,
    owed.currency,
    null::timestamptz as since,
    concat(
        count(*), ' ', owed.kind, case when owed.kind = 'store credit' then ' accounts' end, ' hold ', trim_scale(sum(owed.balance)),
        ' ', owed.currency, '; the books are kept in ', own.currency
    ) as message
from owed
cross join own
where owed.currency <> own.currency and owed.balance > 0
group by owed.kind, owed.currency, own.currency
order by owed.kind, owed.currency;
