"""What every back office owes, as tests any adapter can run: subclass ``BackOfficeContract``, give three fixtures.

``office`` is an opened back office, ``shop`` a shop nothing was pushed for yet, ``codes`` what its company has
(``CompanyCodes``). Needs pytest. Not here: how an adapter meets it.
"""

import pytest

_PARTS = ("entries", "money", "orders", "reading", "records", "refusals", "units")
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from shopify_pipeline.backoffice.contract.entries import EntriesContract  # noqa: E402
from shopify_pipeline.backoffice.contract.money import MoneyContract  # noqa: E402
from shopify_pipeline.backoffice.contract.orders import OrdersContract  # noqa: E402
from shopify_pipeline.backoffice.contract.records import RecordsContract  # noqa: E402
from shopify_pipeline.backoffice.contract.refusals import RefusalsContract  # noqa: E402
from shopify_pipeline.backoffice.contract.samples import CompanyCodes, Samples  # noqa: E402
from shopify_pipeline.backoffice.contract.units import UnitsContract  # noqa: E402

__all__ = ["BackOfficeContract", "CompanyCodes", "Samples"]


class BackOfficeContract(
    OrdersContract, MoneyContract, EntriesContract, UnitsContract, RefusalsContract, RecordsContract
):
    """All specifications. A subclass whose name pytest collects runs them on its fixtures."""
