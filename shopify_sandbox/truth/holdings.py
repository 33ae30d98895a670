"""The auditor's reading of everything a shop has beside its orders, and of what others need to know of an order.

Here: handing each event to the books it concerns, none forgotten. Not here: what they note; that is in the books.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shopify_sandbox.truth.balance_book import BalanceBook
from shopify_sandbox.truth.credit_book import CreditBook
from shopify_sandbox.truth.deals_book import DealsBook
from shopify_sandbox.truth.facts import Facts
from shopify_sandbox.truth.goods_book import GoodsBook
from shopify_sandbox.truth.people_book import PeopleBook

#: Kinds of events none of these books has to look into; stock moves with any event.
ELSEWHERE = frozenset({"clock", "ledger_forms_chosen", "stock_adjusted"})


@dataclass
class Holdings:
    """Books by subject, and the time of the last event (UTC)."""

    goods: GoodsBook = field(default_factory=GoodsBook)
    people: PeopleBook = field(default_factory=PeopleBook)
    deals: DealsBook = field(default_factory=DealsBook)
    credit: CreditBook = field(default_factory=CreditBook)
    balance: BalanceBook = field(default_factory=BalanceBook)
    as_of: str = ""

    @property
    def currency(self) -> str:
        """The shop's."""
        return str(self.goods.shop["currency"])

    def read(self, event: Facts) -> None:
        """Take one event into the books.

        Raises:
            KeyError: The kind of event is unknown, or it names a record nobody has heard of.
        """
        at, kind = event["at"], event["event"]
        self.as_of = max(self.as_of, at)
        is_known = kind in ELSEWHERE
        for book in (self.deals, self.people, self.goods, self.credit, self.balance):
            reader = book.READERS.get(kind)
            if reader is not None:
                getattr(book, reader)(event, at)
                is_known = True
        if not is_known:
            raise KeyError(kind)
        self.goods.move(event.get("stock", ()), at)
