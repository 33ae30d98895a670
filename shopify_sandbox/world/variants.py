"""What nobody has observed of the sales ledger, and the forms it may have: a world is made with one form of each.

Here: the switches and what each of their values means. Not here: the rules that read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

#: By switch: its values, the usual one first, and what each means.
VALUES: dict[str, dict[str, str]] = {
    "pending_adjustment": {
        "deleted": "When a pending refund is answered, the sale and the adjustment that held it back vanish.",
        "reversed": "When a pending refund is answered, a second RefundAgreement holds the opposite of it.",
    },
    "edit_removal_refund": {
        "without": "Units taken off by an edit are in its OrderEditAgreement alone.",
        "with": "They are listed by a Refund without money as well, whose RefundAgreement has no sales.",
    },
    "exchange": {
        "one": "What comes back and what goes out instead are sales of one ReturnAgreement.",
        "two": "What goes out instead is in an OrderEditAgreement of the same second.",
    },
    "current_total": {
        "without": "currentTotalPriceSet leaves adjustments out.",
        "with": "currentTotalPriceSet is the sum of all sales, adjustments too.",
    },
    "update_quantity": {
        "0": "An UPDATE sale has the quantity 0.",
        "null": "An UPDATE sale has no quantity.",
    },
}


@dataclass(frozen=True, slots=True)
class Variants:
    """One value of every switch; see ``VALUES``."""

    pending_adjustment: str = "deleted"
    edit_removal_refund: str = "without"
    exchange: str = "one"
    current_total: str = "without"
    update_quantity: str = "0"

    @classmethod
    def of(cls, chosen: Mapping[str, str]) -> Variants:
        """The usual values but for those chosen.

        Raises:
            ValueError: There is no such switch or value; the message names those there are.
        """
        for name, value in chosen.items():
            if name not in VALUES:
                raise ValueError(f"there is no variant {name}; there are {', '.join(VALUES)}")
            if value not in VALUES[name]:
                raise ValueError(f"variant {name} is never {value}; it is {' or '.join(VALUES[name])}")
        return cls(**chosen)

    def unusual(self) -> dict[str, str]:
        """The switches that are not as usual."""
        usual = asdict(USUAL)
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


USUAL = Variants()
