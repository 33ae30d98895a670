"""Parties and products the back office holds for a shop, and parties a person made of one of its customers.

Not here: what was written into them (``masters.py``), and any judgement. An e-mail address is told by a hash alone.
"""

import hashlib
from collections import defaultdict

from sql import Cast, Literal, Null
from sql.functions import Lower
from sql.operators import Concat

from .tables import externals, fetch, page, points_to, tables


def parties(shop, after, limit):
    """Return one page of the shop's parties, a row per e-mail address, and of the parties that share one of them.

    Those that share one have no external id of any shop: a customer of two shops is two parties on purpose. Archived
    ones are told of the shop's own alone, for merging archives what is merged.
    """
    external, ids = externals(shop, ("parties",), after, limit)
    (party,) = tables("party.party")
    query = external.join(party, condition=points_to(external, "party.party", party)).select(
        external.external_id,
        party.id,
        party.active,
        where=external.id.in_(ids or [0]),
        order_by=external.id,
    )
    found = fetch(query)
    addresses = _addresses([id_ for _, id_, _ in found])
    rows = [
        _row(external_id, id_, address) for external_id, id_, _ in found for address in sorted(addresses[id_]) or [""]
    ]
    shared = {address for _, id_, is_active in found if is_active for address in addresses[id_]}
    return page(rows + [_row("", id_, address) for id_, address in _strangers(shared)], ids, limit)


def products(shop, after, limit):
    """Return one page of the shop's products with their codes."""
    external, ids = externals(shop, ("products",), after, limit)
    (product,) = tables("product.product")
    query = external.join(product, condition=points_to(external, "product.product", product)).select(
        external.external_id,
        product.id,
        product.code,
        where=external.id.in_(ids or [0]),
        order_by=external.id,
    )
    rows = [
        {"external_id": external_id, "record": f"product.product,{id_}", "code": code or ""}
        for external_id, id_, code in fetch(query)
    ]
    return page(rows, ids, limit)


def _addresses(ids):
    """The e-mail addresses in use, in lower case, by party."""
    (mechanism,) = tables("party.contact_mechanism")
    query = mechanism.select(
        mechanism.party,
        mechanism.value,
        where=mechanism.party.in_(ids or [0]) & (mechanism.type == "email") & mechanism.active,
    )
    found = defaultdict(set)
    for id_, value in fetch(query):
        found[id_].add((value or "").strip().lower())
    return found


def _strangers(addresses):
    """The (party, address) pairs of active parties of no shop that have one of the addresses, each once."""
    mechanism, party, external = tables("party.contact_mechanism", "party.party", "shopify.external")
    query = (
        mechanism.join(party, condition=(mechanism.party == party.id) & party.active)
        .join(
            external,
            type_="LEFT",
            condition=external.record == Concat(Literal("party.party,"), Cast(party.id, "VARCHAR")),
        )
        .select(
            party.id,
            mechanism.value,
            where=Lower(mechanism.value).in_(sorted(addresses) or [""])
            & (mechanism.type == "email")
            & mechanism.active
            & (external.id == Null),
        )
    )
    return sorted({(id_, value.strip().lower()) for id_, value in fetch(query)})


def _row(external_id, party, address):
    contact = hashlib.sha256(address.encode()).hexdigest() if address else ""
    return {"external_id": external_id, "record": f"party.party,{party}", "contact": contact}
