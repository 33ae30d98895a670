"""Repair: what open breaks are about is owed again, whatever the push log says of it; and accepting a break instead.

Here: marking, nothing else; the next push does the work through the same idempotent door. Not here: any correction that
only a person can post, and which class of a rule a push can repair (``reconcile/rules.yaml``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice import movements, owed, push_log
from shopify_pipeline.clock import Clock
from shopify_pipeline.reconcile import ledger
from shopify_pipeline.reconcile.rules import Policy, rules

#: In whose name a repair is asked for that a shop's policy allows.
POLICY = "policy"

Conn = Connection[TupleRow]


def repair(
    conn: Conn, *, shop: str, break_ids: Sequence[str], who: str, clock: Clock, is_automatic: bool = False
) -> list[str]:
    """Mark what open breaks are about dirty and forget that it was pushed.

    Forgetting matters: the push log would find the order unchanged and not send what the back office has lost.

    Args:
        conn: A connection outside any transaction.
        who: Who asks for it; the ledger's history keeps it.
        is_automatic: By policy: it is not asked for again before the break changes or comes back.

    Returns:
        What the next push will send again, as ``orders/<id>``, ``payouts/<id>`` …; sorted. Breaks that are not open, or
        about something no push sends, are passed over.
    """
    now = clock.now()
    with conn.transaction():
        about = ledger.open_entities(conn, shop, break_ids)
        sent_again = {found: entity for found, entity in about.items() if _is_sent(entity)}
        ids: defaultdict[str, set[str]] = defaultdict(set)
        for entity in sent_again.values():
            resource, _, external_id = entity.partition("/")
            ids[resource].add(external_id)
        for resource, external_ids in ids.items():
            _forget(conn, shop, resource, sorted(external_ids))
            push_log.mark_dirty(conn, shop, *_roots(conn, shop, resource, sorted(external_ids)), now)
        ledger.ask_repair(conn, shop, list(sent_again), who=who, is_automatic=is_automatic, now=now)
    return sorted(set(sent_again.values()))


def repair_by_policy(conn: Conn, *, shop: str, policies: Mapping[str, Policy], clock: Clock) -> list[str]:
    """Ask for every repair that the shop lets be done without a person: classes a push can only add to.

    Args:
        conn: A connection outside any transaction.

    Returns:
        What the next push will send again; see ``repair``.
    """
    allowed = [
        (name, kind)
        for name, rule in rules().items()
        for kind, each in rule.repairs.items()
        if each.by == "push" and policies.get(name, Policy()).repair == "auto"
    ]
    if not allowed:
        return []
    with conn.transaction():
        break_ids = ledger.to_repair(conn, shop, allowed)
    return repair(conn, shop=shop, break_ids=break_ids, who=POLICY, clock=clock, is_automatic=True)


def accept(
    conn: Conn, *, shop: str, break_id: str, by: str, because: str, clock: Clock, until: date | None = None
) -> bool:
    """Let a person take responsibility for a difference: it stays in the ledger with their words and is no longer open.

    It is open again once a side changes, or its last day is past.

    Args:
        until: Its last day in the shop's time zone; None: no last day.

    Returns:
        False when there is no such open break; nothing was written then.
    """
    with conn.transaction():
        return ledger.accept(conn, shop, break_id, by=by, because=because, until=until, now=clock.now())


def _is_sent(entity: str) -> bool:
    resource, _, external_id = entity.partition("/")
    return resource in {"orders", "customers", "variants", *movements.ROOT_OF.values()} and external_id.isdecimal()


def _forget(conn: Conn, shop: str, resource: str, external_ids: Sequence[str]) -> None:
    """Forget how a root's records were pushed, by the names the push log knows them under."""
    match resource:
        case "orders":
            push_log.forget(conn, shop, "orders", external_ids)
        case "customers":
            push_log.forget(conn, shop, "parties", external_ids)
        case "variants":
            push_log.forget(conn, shop, "products", external_ids)
        case _:
            kinds = [kind for kind, root in movements.ROOT_OF.items() if root == resource]
            push_log.forget_entries(conn, shop, kinds, external_ids)


def _roots(conn: Conn, shop: str, resource: str, external_ids: Sequence[str]) -> tuple[str, list[str]]:
    """Resource and ids as the dirty set names them: a variant is part of its product."""
    if resource != "variants":
        return resource, list(external_ids)
    products = owed.products_of_variants(conn, shop, [int(external_id) for external_id in external_ids])
    return "products", [str(product_id) for product_id in products]
