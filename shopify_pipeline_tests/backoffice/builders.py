"""The contract's sample records in the codes of the company the tests book for.

Not here: expectations.
"""

from __future__ import annotations

from shopify_pipeline.backoffice.contract.samples import COUNTED_ON, ORDERED_ON, CompanyCodes, Samples, grown

__all__ = ["COUNTED_ON", "ORDERED_ON", "grown"]

CODES = CompanyCodes(
    currency="USD",
    receivable="1200",
    clearing="1100",
    cash="1140",
    bank="1010",
    fees="6000",
    revenue="4000",
    shipping="4100",
    goodwill="4900",
    rounding="4910",
    gift_cards="2300",
    deferred="2400",
    count_differences="6200",
    tax="2200",
    channel_tax="2210",
    state_tax="New York State Tax 4%",
    city_tax="New York City Tax 4.5%",
    remitted_tax="New York State Tax 4% (channel)",
    main="MAIN",
    east="EAST",
    west="WEST",
)
STATE_TAX = CODES.state_tax
CITY_TAX = CODES.city_tax

_samples = Samples(CODES)
a_party = _samples.party
a_product = _samples.product
open_shop = _samples.open_shop
stock_up = _samples.stock_up
a_count = _samples.count
goods = _samples.goods
charge = _samples.charge
a_document = _samples.document
a_payment = _samples.payment
an_entry = _samples.entry
an_order_line = _samples.order_line
a_shipment = _samples.shipment
a_restock = _samples.restock
an_order = _samples.order
