-- A balance transaction's net is its amount less its fee.
-- source: the census's balance transactions alone, tests among them; key: balance transaction; tolerance: none; lag: none.
-- Whether its net is in its payout is rule Y2's, whether its fee is booked rule Y4's.

-- name: checked
select count(*) from recon.census_balance where shop = %(shop)s;

-- name: differences
select
    'balance_transactions/' || balance_transaction_id as entity,
    '' as key,
    'amount_mismatch' as class,
    trim_scale(amount - fee)::text as expected,
    trim_scale(net)::text as actual,
    net - (amount - fee) as difference,
    currency,
    null::timestamptz as since,
    concat(
        'balance transaction ', balance_transaction_id, ' (', type, '): ', trim_scale(amount), ' less a fee of ', trim_scale(fee),
        ' is ', trim_scale(amount - fee), ', and Shopify says ', trim_scale(net)
    ) as message
from recon.census_balance
where shop = %(shop)s and net <> amount - fee
order by balance_transaction_id;
