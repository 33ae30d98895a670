-- A payout is the sum of its balance transactions.
-- source: the census's payouts against the net of the balance transactions that name them, without the transfer itself (the
-- payout seen from the balance) but with what an earlier payout came back as; a withdrawal is negative. key: payout;
-- tolerance: none; lag: yes, a payout may be seen before what it is made of. A net that is wrong in itself is rule Y1's too; the bank is rule Y5's.

-- name: checked
select count(*) from recon.census_payouts where shop = %(shop)s;

-- name: differences
with part as (
    select payout_id, sum(net) as net
    from recon.census_balance
    where shop = %(shop)s and not is_test and payout_id is not null and type <> 'TRANSFER'
    group by payout_id
),

payout as (
    select
        p.payout_id, p.currency, p.issued_at,
        case when p.direction = 'WITHDRAWAL' then -abs(p.net) else abs(p.net) end as net,
        coalesce(part.net, 0) as parts
    from recon.census_payouts as p
    left join part on part.payout_id = p.payout_id
    where p.shop = %(shop)s
)

select
    'payouts/' || payout_id as entity,
    '' as key,
    'amount_mismatch' as class,
    trim_scale(parts)::text as expected,
    trim_scale(net)::text as actual,
    net - parts as difference,
    currency,
    issued_at as since,
    concat(
        'payout ', payout_id, ' of ', (issued_at at time zone %(time_zone)s)::date, ': its balance transactions come to ',
        trim_scale(parts), ', and Shopify says ', trim_scale(net)
    ) as message
from payout
where net <> parts
order by payout_id;
