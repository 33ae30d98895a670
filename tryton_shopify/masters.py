"""Which fields of a customer or a variant still hold what was written from the shop, told by a digest of each.

Not here: writing them (``parties.py``, ``products.py``), and what to say of a field a person changed (``edits.py``).
"""

import hashlib
import json
from collections import defaultdict

from trytond.modules.product import round_price
from trytond.pool import Pool

CONTACTS = ("email", "phone")
# Nothing was written: that is always still so, whatever a person added.
NOTHING = hashlib.sha256(b"").hexdigest()[:16]


def written(digests):
    """Word the digests of the fields as ``shopify.external.booked`` keeps them."""
    return json.dumps(digests, sort_keys=True)


def read(booked):
    """Return the digests of the fields that were written, by field."""
    return json.loads(booked) if booked else {}


def is_ours(booked, held):
    """Tell whether every field that was written still holds it."""
    return all(digest in held[field] for field, digest in read(booked).items())


def of_party(party, record):
    """Digest what a push says of a customer, by field, as the record would hold it."""
    Mechanism = Pool().get("party.contact_mechanism")
    contacts = {
        kind: Mechanism(party=record).format_value(party[kind], kind) if party.get(kind) else "" for kind in CONTACTS
    }
    address = [party.get(name) for name in ("street", "city", "postal_code", "country")]
    return {"name": _digest(party["name"]), "address": _digest(*address)} | {
        kind: _digest(value) for kind, value in contacts.items()
    }


def of_product(product):
    """Digest what a push says of a variant, by field."""
    return {
        "name": _digest(product["name"]),
        "code": _digest(product["code"]),
        "list_price": _price(product["list_price"]),
        "unit_cost": _price(product["unit_cost"] or 0),
    }


def held(records):
    """Digest what customers and variants hold now.

    Args:
        records: References, ``party.party,1`` or ``product.product,2``; of records that are there.

    Returns:
        {reference: {field: digests of all its values}}; a customer has many addresses and contacts.
    """
    ids = defaultdict(list)
    for record in records:
        model, _, number = record.partition(",")
        ids[model].append(int(number))
    return _parties(ids["party.party"]) | _products(ids["product.product"])


def _parties(ids):
    Address, Mechanism, Party = map(Pool().get, ("party.address", "party.contact_mechanism", "party.party"))
    found = {
        party.id: {"name": {_digest(party.name)}, "address": set()} | {kind: {NOTHING} for kind in CONTACTS}
        for party in Party.browse(ids)
    }
    for address in Address.search([("party", "in", ids)]):
        country = address.country.code if address.country else None
        value = _digest(address.street, address.city, address.postal_code, country)
        found[address.party.id]["address"].add(value)
    for mechanism in Mechanism.search([("party", "in", ids), ("type", "in", CONTACTS)]):
        found[mechanism.party.id][mechanism.type].add(_digest(mechanism.value))
    return {f"party.party,{id_}": fields for id_, fields in found.items()}


def _products(ids):
    return {
        str(record): {
            "name": {_digest(record.template.name)},
            "code": {_digest(record.suffix_code)},
            "list_price": {_price(record.list_price_used or 0)},
            "unit_cost": {_price(record.cost_price or 0)},
        }
        for record in Pool().get("product.product").browse(ids)
    }


def _digest(*values):
    """Blanks do not count: Tryton keeps a text without those around it."""
    text = "\n".join(" ".join((value or "").split()) for value in values)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _price(amount):
    return _digest(f"{round_price(amount).normalize():f}")
