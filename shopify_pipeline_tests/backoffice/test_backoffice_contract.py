"""What every back office owes, run on Tryton over HTTP and on the journal."""

from __future__ import annotations

import pytest

from shopify_pipeline.backoffice.contract import BackOfficeContract
from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.protocol import BackOffice
from shopify_pipeline.backoffice.tryton import TrytonBackOffice


class TestJournal(BackOfficeContract):
    """The journal file."""

    @pytest.fixture
    def office(self, journal: JournalBackOffice) -> BackOffice:
        return journal


class TestTryton(BackOfficeContract):
    """A Tryton server with the plug-in."""

    @pytest.fixture
    def office(self, tryton: TrytonBackOffice) -> BackOffice:
        return tryton
