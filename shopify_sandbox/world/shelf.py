"""Records by id that can also be drawn by position, in constant time however many there are.

Here: the container. Not here: what is kept in one (``state.py``) and who draws (``happening.py``, ``shoppers.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Shelf(dict[int, T]):
    """A dict that also gives its values as a row, which it makes when it is asked for and after something has gone."""

    _row: list[T] | None = None

    def row(self) -> Sequence[T]:
        """All records, in the order they came."""
        if self._row is None:
            self._row = list(self.values())
        return self._row

    def __setitem__(self, key: int, record: T) -> None:
        if self._row is not None and key not in self:
            self._row.append(record)
        else:
            self._row = None
        super().__setitem__(key, record)

    def __delitem__(self, key: int) -> None:
        self._row = None
        super().__delitem__(key)

    def pop(self, *arguments: Any, **named: Any) -> Any:
        """As of a dict."""
        self._row = None
        return super().pop(*arguments, **named)
