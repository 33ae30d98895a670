"""What is said of the small world beside what was loaded: the census, the back office, and the break ledger.

Here: a census that says what the warehouse says, books that follow it but for what is planted, and breaks as
reconciliation would have written them. What the marts should make of them stands in the tests.
"""

from __future__ import annotations

from typing import Any

from shopify_pipeline_tests.dbt.marts_rows import Warehouse
from shopify_pipeline_tests.dbt.marts_world import BERLIN, NEW_YORK, TOKYO
from shopify_pipeline_tests.reconcile.census_rows import CENSUS

#: The shops' clocks when they were counted; the last reconciliation judged by them.
JUDGED_UNTIL = "2026-06-15T12:00:00+00:00"
#: Its run; the other shops' runs follow.
NIGHT_OF_NEW_YORK = 1
RECEIVABLE, CLEARING, SALES, BANK, FEES = "1200", "1100", "4000", "1020", "6100"

#: Posted documents: record, order, total; those of an agreement are found by order and sign.
_INVOICES = (
    ("invoice 1", 1001, "34.94"),
    ("credit 1", 1001, "-9.75"),
    ("invoice 2", 1002, "39.99"),
    ("invoice 4", 1004, "10.00"),
    ("credit 4", 1004, "-9.00"),
    ("credit 8", 1008, "-1.00"),
    ("invoice 9", 1009, "13.50"),
)


def fill(warehouse: Warehouse) -> None:
    """Write all of it."""
    for run_id, shop in enumerate((NEW_YORK, TOKYO, BERLIN), start=NIGHT_OF_NEW_YORK):
        _count(warehouse, shop)
        warehouse.add("backoffice.snapshots", shop=shop, as_of=JUDGED_UNTIL, company="C", mode="whole")
        warehouse.add("recon.runs", run_id=run_id, shop=shop, as_of=JUDGED_UNTIL, finished_at=JUDGED_UNTIL)
        for kind, key, code in (
            ("gateway", "manual", CLEARING + "M"),
            ("gateway", "shopify_payments", CLEARING),
            ("gateway", "gift_card", "2300"),
            ("account", "receivable", RECEIVABLE),
            ("account", "bank", BANK),
            ("location", "Main", "MAIN"),
            ("location", "East", "MAIN"),
        ):
            warehouse.add("backoffice.value_map", shop=shop, kind=kind, key=key, code=code)
    _stock(warehouse)
    _books_of_new_york(warehouse)
    _books_of_berlin(warehouse)
    for shop in (NEW_YORK, BERLIN):
        _totals(warehouse, shop)
    _ledger(warehouse)


def _count(warehouse: Warehouse, shop: str) -> None:
    """What the warehouse holds, but for an order that is gone; orders tell of themselves what they were given."""
    for statement in CENSUS:
        if not statement.lstrip().startswith("update"):
            warehouse.conn.execute(statement, {"shop": shop, "as_of": JUDGED_UNTIL})  # type: ignore[call-overload]
    for table in ("orders", "sales"):
        warehouse.conn.execute(f"delete from recon.census_{table} where order_id = 1006")  # type: ignore[call-overload]


def _stock(warehouse: Warehouse) -> None:
    """Two locations stand for one warehouse; Berlin sells a cup, and New York lost one of variant 12."""
    warehouse.conn.execute("update recon.census_variants set is_tracked = true")
    warehouse.conn.execute("update recon.census_locations set is_active = true")
    warehouse.add("backoffice.stock", shop=NEW_YORK, product="11", location="MAIN", quantity=10)
    warehouse.add("backoffice.stock", shop=NEW_YORK, product="12", location="MAIN", quantity=3)
    warehouse.add(
        "recon.census_variants", shop=BERLIN, variant_id=31, inventory_item_id=131, sku="CUP", is_tracked=True
    )
    warehouse.add("recon.census_locations", shop=BERLIN, location_id=7, name="Main", is_active=True)
    warehouse.add("recon.census_levels", shop=BERLIN, inventory_item_id=131, location_id=7, on_hand=5)
    warehouse.add("backoffice.stock", shop=BERLIN, product="31", location="MAIN", quantity=5)


def _document(warehouse: Warehouse, shop: str, record: str, order_id: int, total: str, **rest: Any) -> None:
    """A document on the receivable of whom the census says; of the order's agreement with the same sign."""
    action = "RETURN" if total.startswith("-") else "ORDER"
    found = warehouse.conn.execute(
        """
        select agreement_id
        from recon.census_sales
        where shop = %s and order_id = %s and action_type = %s
        limit 1
        """,
        (shop, order_id, action),
    ).fetchone()
    values = {
        "external_id": record,
        "agreement_id": found[0] if found else 0,
        "action_type": action,
        "state": "posted",
        "dated_on": "2026-06-02",
        "currency": "USD",
    }
    document = {"shop": shop, "order_id": order_id, **values, **rest}
    warehouse.add("backoffice.documents", record=record, total=total, **document)
    if document["state"] == "posted":
        _line(warehouse, shop, "documents", record, order_id, RECEIVABLE, total)
        _line(warehouse, shop, "documents", record, order_id, SALES, f"-{total}".replace("--", ""))


def _line(
    warehouse: Warehouse, shop: str, resource: str, external_id: str, order_id: int | None, account: str, amount: str
) -> None:
    party = warehouse.conn.execute(
        "select coalesce(customer_id::text, 'guest') from recon.census_orders where shop = %s and order_id = %s",
        (shop, order_id),
    ).fetchone()
    warehouse.add(
        "backoffice.ledger",
        shop=shop,
        resource=resource,
        external_id=external_id,
        order_id=order_id,
        account=account,
        amount=amount,
        party=party[0] if party and account == RECEIVABLE else "",
        booked_on="2026-06-02",
    )


def _pay(warehouse: Warehouse, shop: str, *but: int) -> None:
    """Book every payment since go-live but those of some orders."""
    found = warehouse.conn.execute(
        """
        select transaction_id, order_id, gateway, case when kind = 'REFUND' then -amount else amount end
        from recon.census_transactions
        where shop = %s and kind in ('SALE', 'CAPTURE', 'REFUND') and processed_at >= '2026-06-01 04:00+00'
            and not order_id = any(%s)
        """,
        (shop, list(but)),
    ).fetchall()
    for transaction_id, order_id, gateway, amount in found:
        account = CLEARING if gateway == "shopify_payments" else CLEARING + "M"
        external_id = str(transaction_id)
        key = {"shop": shop, "external_id": external_id, "transaction_id": transaction_id, "order_id": order_id}
        warehouse.add("backoffice.payments", **key, account=account, amount=amount, paid_on="2026-06-02")
        _line(warehouse, shop, "payments", external_id, order_id, account, str(amount))
        _line(warehouse, shop, "payments", external_id, order_id, RECEIVABLE, str(-amount))


def _payout(warehouse: Warehouse, shop: str, payout_id: int, currency: str, *, is_booked: bool) -> None:
    """A charge of 6.00 less a fee of 0.50, paid out and, maybe, booked."""
    key = {"shop": shop, "payout_id": payout_id, "currency": currency}
    at = "2026-06-04T10:00:00+00:00"
    warehouse.add("recon.census_payouts", **key, status="PAID", direction="DEPOSIT", issued_at=at, net="5.50")
    parts = (("CHARGE", "6.00", "0.50", "5.50"), ("TRANSFER", "-5.50", "0", "-5.50"))
    for number, (kind, amount, fee, net) in enumerate(parts):
        warehouse.add(
            "recon.census_balance",
            **key,
            balance_transaction_id=payout_id * 10 + number,
            type=kind,
            transaction_at=at,
            amount=amount,
            fee=fee,
            net=net,
        )
    if is_booked:
        _line(warehouse, shop, "entries", f"payout/{payout_id}", None, BANK, "5.50")
        _line(warehouse, shop, "entries", f"payout/{payout_id}", None, CLEARING, "-5.50")


def _books_of_new_york(warehouse: Warehouse) -> None:
    """A cent is missing in 1002, a euro too little is credited in 1004, 1003 and 1002's payments are not there."""
    for record, order_id, total in _INVOICES:
        _document(warehouse, NEW_YORK, record, order_id, total, state="posted")
    _document(warehouse, NEW_YORK, "draft", 1001, "99.00", state="draft")
    _document(warehouse, NEW_YORK, "foundling", 4711, "5.00")
    _pay(warehouse, NEW_YORK, 1002, 1003)
    _payout(warehouse, NEW_YORK, 501, "USD", is_booked=False)


def _books_of_berlin(warehouse: Warehouse) -> None:
    _document(warehouse, BERLIN, "invoice", 3001, "10.00", currency="EUR")
    _document(warehouse, BERLIN, "credit", 3001, "-4.00", currency="EUR")
    _document(warehouse, BERLIN, "other", 3002, "10.00", currency="EUR")
    _pay(warehouse, BERLIN)
    _payout(warehouse, BERLIN, 601, "EUR", is_booked=True)
    _line(warehouse, BERLIN, "entries", "balance/6010", None, CLEARING, "-0.50")
    _line(warehouse, BERLIN, "entries", "balance/6010", None, FEES, "0.50")
    warehouse.add("recon.census_funds", shop=BERLIN, currency="EUR", balance="0")


def _totals(warehouse: Warehouse, shop: str) -> None:
    """The back office's own sums of its ledger."""
    warehouse.conn.execute(
        """
        insert into backoffice.totals (shop, account, month, amount)
        select shop, account, date '2026-06-01', sum(amount)
        from backoffice.ledger
        where shop = %s
        group by shop, account
        """,
        (shop,),
    )


def _ledger(warehouse: Warehouse) -> None:
    """What reconciliation found in New York, and its figures."""
    transactions = warehouse.conn.execute(
        """
        select transaction_id
        from recon.census_transactions
        where shop = %s and order_id = 1002 and kind in ('SALE', 'CAPTURE')
        order by transaction_id
        """,
        (NEW_YORK,),
    ).fetchall()
    (lost,), (late,) = transactions

    def found(break_id: str, rule: str, entity: str, kind: str, status: str = "open", **rest: Any) -> None:
        values = {"shop": NEW_YORK, "severity": "error", "since": "2026-06-03T04:00:00+00:00", "key": ""}
        seen = {
            "first_seen": JUDGED_UNTIL,
            "last_seen": JUDGED_UNTIL,
            "accepted_by": "Ann",
            "accepted_because": "known",
        }
        warehouse.add(
            "recon.breaks",
            **{
                "break_id": break_id,
                "rule": rule,
                "entity": entity,
                "class": kind,
                "status": status,
                **values,
                **seen,
                **rest,
            },
        )

    money = {"currency": "USD"}
    found("short", "O5", "orders/1002", "amount_mismatch", difference="-0.01", **money)
    found("lost", "P1", "orders/1002", "missing_backoffice", key=str(lost), difference="-5", **money)
    found("late", "P1", "orders/1002", "in_transit", key=str(late), difference="-35", **money)
    found("young", "O1", "orders/1003", "in_transit")
    found("newest", "O1", "orders/1011", "in_transit")
    found("healed", "O5", "orders/1001", "amount_mismatch", "closed", difference="1", closed_at=JUDGED_UNTIL, **money)
    found("foundling", "O2", "orders/4711", "missing_shopify", difference="5", **money)
    (credit,) = warehouse.conn.execute(
        "select agreement_id from recon.census_sales where order_id = 1004 and action_type = 'RETURN'"
    ).fetchone() or (0,)
    found("little", "R2a", "orders/1004", "amount_mismatch", key=f"{credit}/RETURN", difference="1", **money)
    found("at the bank", "Y5", "payouts/501", "missing_backoffice", "accepted", difference="-5.50", **money)
    found("clearing", "Y6", f"accounts/{CLEARING}M", "amount_mismatch", difference="-50", **money)
    found("cup", "I1", "variants/12", "quantity_mismatch", key="MAIN", difference="-1")
    for rule, checked, open_breaks, in_transit in (("O5", 8, 1, 0), ("P1", 12, 1, 1), ("I1", 2, 1, 0)):
        warehouse.add(
            "recon.run_rules",
            run_id=NIGHT_OF_NEW_YORK,
            shop=NEW_YORK,
            rule=rule,
            severity="error",
            checked=checked,
            open_breaks=open_breaks,
            in_transit=in_transit,
        )
    for rule, amount in (("O5", "0.01"), ("P1", "5")):
        warehouse.add(
            "recon.run_amounts",
            run_id=NIGHT_OF_NEW_YORK,
            shop=NEW_YORK,
            rule=rule,
            currency="USD",
            open_breaks=1,
            amount_at_risk=amount,
        )
