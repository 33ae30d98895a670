"""Tryton as the book's back office: a company for each currency, and what no reading of the protocol gives.

Here: a person's two calls as the administrator, and queries on the server's own tables. Not here: expectations.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import requests

from shopify_pipeline.local.tryton import DATABASE, TrytonServer
from shopify_pipeline_tests.golden.book import Moved

SECONDS = 120

COMPANIES = """
with booked as (
    select i.company from shopify_external as e join account_invoice as i on e.record = 'account.invoice,' || i.id
    where e.shop = :shop
    union all
    select m.company from shopify_external as e join account_move as m on e.record = 'account.move,' || m.id
    where e.shop = :shop
    union all
    select s.company from shopify_external as e join sale_sale as s on e.record = 'sale.sale,' || s.id
    where e.shop = :shop
)
select distinct c.code
from booked as b join company_company as o on o.id = b.company join currency_currency as c on c.id = o.currency
order by c.code
"""
MOVES = """
select m.effective_date, 'out' as way, w.code, p.code, m.quantity
from stock_move as m
join product_product as p on p.id = m.product
join stock_location as target on target.id = m.to_location and target.type = 'customer'
join stock_location as w on w.type = 'warehouse' and m.from_location in (w.storage_location, w.output_location)
where m.state = 'done' and p.code like :products
union all
select m.effective_date, 'in', w.code, p.code, m.quantity
from stock_move as m
join product_product as p on p.id = m.product
join stock_location as origin on origin.id = m.from_location and origin.type = 'customer'
join stock_location as w on w.type = 'warehouse' and m.to_location in (w.storage_location, w.input_location)
where m.state = 'done' and p.code like :products
"""
DUE = """
select e.external_id, min(l.maturity_date)
from shopify_external as e
join account_invoice as i on e.record = 'account.invoice,' || i.id
join account_move_line as l on l.move = i.move and l.account = i.account
where e.shop = :shop and l.maturity_date <> i.invoice_date
group by e.external_id
"""
PERIOD = """
select p.id
from account_period as p
join account_fiscalyear as y on y.id = p.fiscalyear
join company_company as o on o.id = y.company
join currency_currency as c on c.id = o.currency
where c.code = :currency and p.type = 'standard' and p.start_date = :month
"""


class BooksOfTryton:
    """The books as a person at the server sees them.

    Args:
        session: Of the administrator alone.
    """

    def __init__(self, server: TrytonServer, session: requests.Session) -> None:
        self._home = server.home
        self._url = f"{server.url}/{DATABASE}/rpc/"
        self._session = session
        password = (server.home / "admin-password").read_text()
        user_id, token = self._ask("common.db.login", "admin", {"password": password})[:2]
        session.headers["Authorization"] = "Session " + base64.b64encode(f"admin:{user_id}:{token}".encode()).decode()
        self._ask("model.res.user.write", [user_id], {"company_filter": "all"}, {})

    def open_shop(self, shop: str, currency: str) -> None:
        """Say which company a shop belongs to: the one that keeps its books in the currency."""
        [(company, known)] = self._rows(
            "select o.id, c.id from company_company as o join currency_currency as c on c.id = o.currency "
            "where c.code = :currency",
            currency=currency,
        )
        self._ask("model.web.shop.create", [{"name": shop, "company": company, "currency": known}], {})

    def close(self, currency: str, month: date) -> None:
        """Close a month of a company's books."""
        [(period,)] = self._rows(
            PERIOD,
            currency=currency,
            month=month.isoformat(),
        )
        self._ask("model.account.period.close", [period], {})

    def companies_of(self, shop: str) -> str:
        """Currency of each company that holds anything that was booked for a shop."""
        return " ".join(code for (code,) in self._rows(COMPANIES, shop=shop)) or "none"

    def moved(self, shop: str) -> Iterator[Moved]:
        """Units of the shop's products that came from a customer or went to one."""
        for day, way, location, product, quantity in self._rows(MOVES, products=f"{shop}-%"):
            yield Moved(
                day=date.fromisoformat(day),
                way=way,
                location=location,
                variant=int(product.removeprefix(f"{shop}-")),
                units=int(quantity),
            )

    def due_days(self, shop: str) -> dict[str, date]:
        """Day each document of a shop is to be paid, where that is not the day it is dated."""
        return {document: date.fromisoformat(day) for document, day in self._rows(DUE, shop=shop)}

    def _rows(self, query: str, **values: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self._home / DATABASE}.sqlite?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def _ask(self, method: str, *params: object) -> Any:
        body = {"id": 1, "method": method, "params": params}
        answer = self._session.post(self._url, json=body, timeout=SECONDS)
        answer.raise_for_status()
        assert "error" not in answer.json(), answer.text
        return answer.json()["result"]
