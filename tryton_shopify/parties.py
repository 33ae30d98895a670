"""Customers: created once, kept up to date where no person changed what was written.

Not here: orders. An address that changed becomes a new one, because invoices and shipments keep pointing at the old.
"""

from trytond.pool import Pool

from . import masters
from .references import References, about, answer, fingerprint_of


def push(shop, batch):
    """Create the unknown parties and update the changed ones; return one answer per party, in the order given."""
    pool = Pool()
    Party = pool.get("party.party")
    references = References(shop, [("parties", party["external_id"]) for party in batch])
    answers, fresh = [], []
    for party in batch:
        external_id, fingerprint = party["external_id"], fingerprint_of(party)
        if not references.known("parties", external_id):
            fresh.append(party)
            answers.append(answer(external_id, "created"))
        elif references.fingerprint("parties", external_id) == fingerprint:
            answers.append(answer(external_id, "unchanged"))
        else:
            with about(external_id):
                record = references.record("parties", external_id)
                booked = _update(record, party, masters.read(references.booked("parties", external_id)))
                references.add("parties", external_id, record, fingerprint, masters.written(booked))
            answers.append(answer(external_id, "updated"))
    if fresh:
        created = Party.create([_values(party) for party in fresh])
        for party, record in zip(fresh, created, strict=True):
            booked = masters.written(masters.of_party(party, record))
            references.add("parties", party["external_id"], record, fingerprint_of(party), booked)
    references.flush()
    return answers


def _values(party):
    mechanisms = [{"type": kind, "value": value} for kind, value in _mechanisms(party)]
    values = {"name": party["name"], "addresses": [("create", [_address(party)])]}
    if mechanisms:
        values["contact_mechanisms"] = [("create", mechanisms)]
    return values


def _update(record, party, booked):
    """Write every field that still holds what was written before; what a person changed stays.

    Args:
        booked: Digests of what was written before, by field.

    Returns:
        Digests of what is written now.
    """
    held = masters.held([str(record)])[str(record)]
    wanted = masters.of_party(party, record)
    for field, digest in wanted.items():
        if digest not in held[field] and booked.get(field) in held[field]:
            _write(record, party, field)
            held[field].add(digest)
    return booked | {field: digest for field, digest in wanted.items() if digest in held[field]}


def _write(record, party, field):
    pool = Pool()
    Address, Mechanism, Party = map(pool.get, ("party.address", "party.contact_mechanism", "party.party"))
    if field == "name":
        Party.write([record], {"name": party["name"]})
    elif field == "address":
        # Addresses are listed by sequence, and a sale takes the first one.
        sequence = min((address.sequence or 0 for address in record.addresses), default=0) - 1
        Address.create([{**_address(party), "party": record.id, "sequence": sequence}])
    else:
        Mechanism.create([{"party": record.id, "type": field, "value": party[field]}])


def _mechanisms(party):
    return [(kind, party[kind]) for kind in masters.CONTACTS if party.get(kind)]


def _address(party):
    return {
        "street": party.get("street"),
        "city": party.get("city"),
        "postal_code": party.get("postal_code"),
        "country": _country(party["country"]) if party.get("country") else None,
    }


def _country(code):
    """Find the country by its ISO code, or note it down by the code: an address is no reason to refuse a customer."""
    Country = Pool().get("country.country")
    countries = Country.search([("code", "=", code)], limit=1)
    return countries[0].id if countries else Country.create([{"code": code, "name": code}])[0].id
