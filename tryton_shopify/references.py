"""The memory of one push: what is known under an external id, what this push adds, and how a refusal is worded.

Not here: who may push (``external.py``) and what is booked (``sales.py``, ``documents.py``, ``payments.py`` …).
"""

import hashlib
import json
from collections import defaultdict
from contextlib import contextmanager

from trytond.exceptions import UserError
from trytond.pool import Pool

from .edits import digests
from .tables import BOOKED


class Refused(Exception):
    """One record cannot be booked as it is; the text says why, in one line."""


class RejectedError(UserError):
    """Nothing of the batch was booked; ``description`` is the external id of the record that is to blame."""

    def __init__(self, external_id, reason):
        super().__init__(reason, external_id)


@contextmanager
def about(external_id):
    """Name the record that is being worked on in every refusal that comes from within."""
    try:
        yield
    except Refused as refusal:
        raise RejectedError(external_id, str(refusal)) from refusal


def fingerprint_of(record):
    """Digest a record, to tell a repetition from a change."""
    return hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()


def answer(external_id, outcome, documents=0):
    """Shape the answer for one record; ``documents`` counts the invoices and credit notes newly posted."""
    return {"external_id": external_id, "outcome": outcome, "documents": documents}


class References:
    """External ids of one shop, known and new.

    Args:
        shop: The shop's key, first part of every external id.
        wanted: Pairs (resource, external id) this push may ask for; they are looked up at once.
    """

    def __init__(self, shop, wanted):
        self.shop = shop
        self._known = {}
        self._added = {}
        External = Pool().get("shopify.external")
        ids = defaultdict(set)
        for resource, external_id in wanted:
            ids[resource].add(external_id)
        clauses = [[("resource", "=", resource), ("external_id", "in", list(group))] for resource, group in ids.items()]
        if clauses:
            for external in External.search([("shop", "=", shop), ["OR", *clauses]]):
                self._known[external.resource, external.external_id] = external

    def record(self, resource, external_id):
        """Return the Tryton record, or None when the id is unknown."""
        key = resource, external_id
        if key in self._added:
            return self._added[key][0]
        return self._known[key].record if key in self._known else None

    def fingerprint(self, resource, external_id):
        """Return what was booked before this push, or None."""
        known = self._known.get((resource, external_id))
        return known.fingerprint if known else None

    def known(self, resource, external_id):
        """Tell whether the id was booked before this push."""
        return (resource, external_id) in self._known

    def booked(self, resource, external_id):
        """Return the digest of what was written before this push, or None."""
        known = self._known.get((resource, external_id))
        return known.booked if known else None

    def add(self, resource, external_id, record, fingerprint=None, booked=None):
        """Remember that the record now stands for the id; also for a known id whose fingerprint changed.

        Args:
            booked: Digest of what was written, for what is not in the ledger.
        """
        self._added[resource, external_id] = record, fingerprint, booked

    def flush(self):
        """Write what was added, in the same transaction as the records themselves, once they are posted."""
        External = Pool().get("shopify.external")
        ledger = digests([str(record) for (resource, _), (record, *_) in self._added.items() if resource in BOOKED])
        new, changed = [], []
        for key, (record, fingerprint, booked) in self._added.items():
            if key in self._known:
                values = {"fingerprint": fingerprint}
                changed += [[self._known[key]], values if booked is None else {**values, "booked": booked}]
            else:
                resource, external_id = key
                new.append(
                    {
                        "shop": self.shop,
                        "resource": resource,
                        "external_id": external_id,
                        "record": str(record),
                        "fingerprint": fingerprint,
                        "booked": ledger.get(str(record)) if resource in BOOKED else booked,
                    }
                )
        if new:
            External.create(new)
        if changed:
            External.write(*changed)
