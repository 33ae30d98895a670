"""The arithmetic of the sales ledger: how discounts spread, taxes round and units take their share with them.

Here: pure functions on minor units. Not here: which event writes which sale (``placing.py`` … ``editing.py``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shopify_sandbox.world.records import Line, Sale, TaxLine

MILLION = 1_000_000


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Spread an amount over lines by weight; what is left goes one minor unit at a time from the first line.

    Args:
        amount: Not negative, minor units.
        weights: Line values, minor units, at least one of them positive.

    Source: Admin API 2026-10, ``Sale``: remainders are allocated one smallest unit at a time.
    """
    total = sum(weights)
    shares = [amount * weight // total for weight in weights]
    remainder = amount - sum(shares)
    eligible = [position for position, weight in enumerate(weights) if weight]
    for step in range(remainder):
        shares[eligible[step % len(eligible)]] += 1
    return shares


def unit_share(amount: int, units: int, taken: int) -> int:
    """The part of an amount that the first ``taken`` of ``units`` units carry; the first units carry the odd cents."""
    whole, odd = divmod(amount, units)
    return whole * taken + min(odd, taken)


def percentage(amount: int, percent: int) -> int:
    """Percent of an amount, half up."""
    return (amount * percent + 50) // 100


def coin_rounding(amount: int, coin: int) -> int:
    """What an amount in cash has to be changed by to be a multiple of the smallest coin, half up."""
    return (2 * amount + coin) // (2 * coin) * coin - amount


def tax_of(net: int, rate_ppm: int) -> int:
    """Tax on a net amount, half up; the rate is in millionths (8.25 % is 82_500)."""
    return (net * rate_ppm + MILLION // 2) // MILLION


def taxes_inside(total: int, rates_ppm: Sequence[int]) -> tuple[int, ...]:
    """The taxes a price contains, each half up.

    Source: a recorded order (19.00 with 3.17 inside at 20 %); how two taxes share is assumed (EVIDENCE.md).
    """
    whole = MILLION + sum(rates_ppm)
    return tuple((2 * total * rate + whole) // (2 * whole) for rate in rates_ppm)


@dataclass(frozen=True, slots=True)
class Part:
    """Money of one sale or of what is left of a line: net of discounts, taxes by the line's tax lines, minor units.

    ``discount`` is without tax; ``discount_after_tax`` is what the customer paid less, tax included.
    """

    quantity: int
    net: int
    taxes: tuple[int, ...]
    discount: int
    discount_after_tax: int

    @property
    def tax(self) -> int:
        return sum(self.taxes)

    @property
    def total(self) -> int:
        return self.net + self.tax

    def __neg__(self) -> "Part":
        return Part(
            -self.quantity, -self.net, tuple(-tax for tax in self.taxes), -self.discount, -self.discount_after_tax
        )


def sold(quantity: int, gross: int, discount: int, rates_ppm: Sequence[int], *, included: bool = False) -> Part:
    """The part a sale of ``gross`` less ``discount`` makes; tax is rounded per tax, and inside both when included."""
    if included:
        taxes = taxes_inside(gross - discount, rates_ppm)
        before = discount - sum(taxes_inside(discount, rates_ppm))
        return Part(quantity, gross - discount - sum(taxes), taxes, before, discount)
    net = gross - discount
    after = discount + sum(tax_of(discount, rate) for rate in rates_ppm)
    return Part(quantity, net, tuple(tax_of(net, rate) for rate in rates_ppm), discount, after)


def balance(sales: Iterable[Sale], line: object, tax_lines: Sequence[TaxLine]) -> Part:
    """What is left of a line (or shipping line): the sum of its sales so far."""
    quantity = net = discount = after = 0
    taxes = [0] * len(tax_lines)
    for sale in sales:
        if sale.line is not line:
            continue
        quantity += sale.quantity or 0
        net += sale.total - sale.tax
        discount += sale.discount
        after += sale.discount_after_tax
        for sale_tax in sale.taxes:
            position = next(index for index, candidate in enumerate(tax_lines) if candidate is sale_tax.tax_line)
            taxes[position] += sale_tax.amount
    return Part(quantity, net, tuple(taxes), discount, after)


def units_of(left: Part, units: int, unit_price: int, *, included: bool = False) -> Part:
    """The part that ``units`` of what is left carry: full price, less their share of the discount, with their taxes.

    When the price includes tax, what was paid for the units is shared out, and its tax is inside.
    """
    taxes = tuple(unit_share(tax, left.quantity, units) for tax in left.taxes)
    discount = unit_share(left.discount, left.quantity, units)
    after = unit_share(left.discount_after_tax, left.quantity, units)
    net = unit_share(left.total, left.quantity, units) - sum(taxes) if included else unit_price * units - discount
    return Part(quantity=units, net=net, taxes=taxes, discount=discount, discount_after_tax=after)


def units_of_line(line: Line, units: int) -> Part:
    """The part that ``units`` of what is left of a line carry after all its sales so far."""
    left = balance(line.order.sales(), line, line.taxes)
    return units_of(left, units, line.unit_price, included=line.order.taxes_included)


def discounted(left: Part, amount: int, rates_ppm: Sequence[int], *, included: bool = False) -> Part:
    """The change a later discount of ``amount`` makes to what is left of a line; quantity 0, money negative."""
    if included:
        after = taxes_inside(left.total - amount, rates_ppm)
        changes = tuple(now - was for now, was in zip(after, left.taxes, strict=True))
        before = amount + sum(changes)
        return Part(quantity=0, net=-before, taxes=changes, discount=before, discount_after_tax=amount)
    taxes = tuple(tax_of(left.net - amount, rate) - tax for rate, tax in zip(rates_ppm, left.taxes, strict=True))
    return Part(quantity=0, net=-amount, taxes=taxes, discount=amount, discount_after_tax=amount - sum(taxes))
