"""The kinds of columns both readings have, as pandera sees them in Arrow-backed frames.

Here: types and the rules every frame shares. Not here: which table has which columns, and judging rows
(``frames.py``). Nothing is shared with ``schemas/``.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeAlias

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
from iso4217 import Currency
from pandera.typing import Series

from shopify_pipeline.money import digits

#: Decimals an amount may have before it is looked at with its currency; ISO 4217 needs at most four.
MONEY_SCALE = 6
#: A computed tax rate comes with up to 17 digits.
RATE_SCALE = 20

Text: TypeAlias = Series[Annotated[pd.ArrowDtype, arrow.string()]]
Whole: TypeAlias = Series[Annotated[pd.ArrowDtype, arrow.int64()]]
Flag: TypeAlias = Series[Annotated[pd.ArrowDtype, arrow.bool_()]]
Instant: TypeAlias = Series[Annotated[pd.ArrowDtype, arrow.timestamp("us", tz="UTC")]]
Day: TypeAlias = Series[Annotated[pd.ArrowDtype, arrow.date32()]]
Money: TypeAlias = Series[Annotated[pd.ArrowDtype, arrow.decimal128(26, MONEY_SCALE)]]
Rate: TypeAlias = Series[Annotated[pd.ArrowDtype, arrow.decimal128(30, RATE_SCALE)]]

CURRENCIES = frozenset(currency.code for currency in Currency)


def an_id(**said: Any) -> Any:
    """Shopify's numeric id."""
    return pa.Field(gt=0, **said)


def a_currency() -> Any:
    """An ISO 4217 code."""
    return pa.Field(isin=CURRENCIES)


def of_digits(frame: pd.DataFrame, currency: str, columns: tuple[str, ...]) -> pd.Series:
    """Whether each row's amounts have no more decimals than their currency."""
    good = pd.Series(True, index=frame.index)
    for code, rows in frame.groupby(currency):
        if code in CURRENCIES:
            for column in columns:
                amounts = rows[column]
                good[rows.index] &= (amounts.isna() | (amounts == amounts.round(digits(str(code))))).astype(bool)
    return good


class Frame(pa.DataFrameModel):
    """Rows of one table, in the order of its columns; a column it does not name is refused.

    Attributes:
        _amounts: By currency column, the columns whose amounts are in that currency.
    """

    _amounts: ClassVar[dict[str, tuple[str, ...]]] = {}

    class Config:
        strict = True
        ordered = True
        coerce = False

    @pa.dataframe_check
    @classmethod
    def _amounts_have_the_digits_of_their_currency(cls, frame: pd.DataFrame) -> pd.Series:
        good = pd.Series(True, index=frame.index)
        for currency, columns in cls._amounts.items():
            good &= of_digits(frame, currency, columns)
        return good
