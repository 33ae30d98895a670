"""Units the back office holds: what is to be shipped, what really moved for an order, what is on hand.

Not here: any trust in what a push said it wrote; a quantity, a product, a day or a place that a person changed is told
as it is now. Pages are keyed by sale, so that all of an order is on one of them.
"""

from collections import defaultdict, namedtuple
from decimal import Decimal

from sql import Cast, Literal, Null, Union
from sql.conditionals import Coalesce
from sql.operators import Concat
from trytond.pool import Pool
from trytond.transaction import Transaction

from .books import Books
from .stock import order_line_of
from .tables import fetch, page, points_to, tables, touched

OUT, BACK = "stock.shipment.out", "stock.shipment.out.return"
Move = namedtuple(
    "Move", "id shipment order_id line_id external_id product_id product kind location quantity day shopify_on"
)


def sale_lines(shop, after, limit, since=None):
    """Return the units of each line of one page of sales; a line that stands for returned units is left out."""
    ids = _sales(shop, after, limit, since)
    sale, line, product, template, external = tables(
        "sale.sale", "sale.line", "product.product", "product.template", "shopify.external"
    )
    query = (
        sale.join(line, condition=line.sale == sale.id)
        .join(product, condition=line.product == product.id)
        .join(template, condition=(product.template == template.id) & (template.type != "service"))
        .join(external, type_="LEFT", condition=_is_ours(external, shop, line.product))
        .select(
            sale.web_id,
            Coalesce(line.shopify_id, ""),
            Coalesce(external.external_id, ""),
            line.quantity,
            where=sale.id.in_(ids or [0]) & (line.type == "line"),
            order_by=[sale.id, line.id],
        )
    )
    units = defaultdict(Decimal)
    for order_id, line_id, name, quantity in fetch(query):
        if line_id == order_line_of(line_id):
            units[order_id, line_id, name] += Decimal(str(quantity or 0))
    names = ("order_id", "external_id", "product")
    return page([dict(zip(names, key, strict=True), quantity=sum_) for key, sum_ in units.items()], ids, limit)


def shipments(shop, after, limit, since=None):
    """Return the units that left for, or came back from, the customers of one page of sales, by done moves."""
    ids = _sales(shop, after, limit, since)
    moves = _moves(shop, ids)
    taken_back = _taken_back(moves)
    books = Books()
    units = defaultdict(Decimal)
    for move in moves:
        back = min(taken_back[move.shipment, move.product_id], move.quantity)
        taken_back[move.shipment, move.product_id] -= back
        on = books.event_day(move.shopify_on, move.day)
        name = move.external_id or move.shipment or f"stock.move,{move.id}"
        order_line = order_line_of(move.line_id)
        units[move.kind, name, move.order_id, order_line, move.product, move.location, on] += move.quantity - back
    names = ("kind", "external_id", "order_id", "order_line", "product", "location", "on")
    return page([dict(zip(names, key, strict=True), quantity=sum_) for key, sum_ in units.items()], ids, limit)


def stock(shop):
    """Return the units on hand of the shop's products at each warehouse, from done moves; zero rows are left out."""
    external, move, place, warehouse = tables("shopify.external", "stock.move", "stock.location", "stock.location")
    on_hand = defaultdict(Decimal)
    for side, sign in (("to_location", 1), ("from_location", -1)):
        query = (
            external.join(move, condition=points_to(external, "product.product", move, "product"))
            .join(place, condition=getattr(move, side) == place.id)
            .join(warehouse, condition=_holds(warehouse, place))
            .select(
                external.external_id,
                warehouse.code,
                move.internal_quantity,
                where=(external.shop == shop)
                & (external.resource == "products")
                & (move.state == "done")
                & (place.type == "storage")
                & (move.company == Transaction().context["company"]),
            )
        )
        for product, location, quantity in fetch(query):
            on_hand[product, location] += sign * Decimal(str(quantity))
    return [
        {"product": product, "location": location, "quantity": quantity}
        for (product, location), quantity in sorted(on_hand.items())
        if quantity
    ]


def _sales(shop, after, limit, since):
    """The next ids of a page of the shop's sales, whatever company they are in."""
    sale, web_shop = tables("sale.sale", "web.shop")
    where = (web_shop.name == shop) & (sale.web_id != Null) & (sale.id > after)
    if since is not None:
        where &= sale.id.in_(_changed(since))
    query = sale.join(web_shop, condition=sale.web_shop == web_shop.id).select(
        sale.id, where=where, order_by=sale.id, limit=limit
    )
    return [id_ for (id_,) in fetch(query)]


def _changed(since):
    """The sales that changed, or whose lines or moves did, or whose shipments were taken back."""
    sale, line, shipped, back = tables("sale.sale", "sale.line", "sale.line", "sale.line")
    move, undone, way_back = tables("stock.move", "stock.move", BACK)
    return Union(
        sale.select(sale.id, where=touched(sale, since)),
        line.select(line.sale, where=touched(line, since)),
        move.join(shipped, condition=_comes_from(move, shipped)).select(shipped.sale, where=touched(move, since)),
        way_back.join(undone, condition=undone.shipment == _reference(OUT, way_back.shopify_cancels))
        .join(back, condition=_comes_from(undone, back))
        .select(back.sale, where=touched(way_back, since)),
    )


def _moves(shop, sales):
    """The done moves between a warehouse and a customer that come from lines of the sales."""
    sale, line, move, source, target = tables(
        "sale.sale", "sale.line", "stock.move", "stock.location", "stock.location"
    )
    document, product, out, back = tables("shopify.external", "shopify.external", OUT, BACK)
    query = (
        sale.join(line, condition=line.sale == sale.id)
        .join(move, condition=(move.origin == _reference("sale.line", line.id)) & (move.state == "done"))
        .join(source, condition=move.from_location == source.id)
        .join(target, condition=move.to_location == target.id)
        .join(
            document,
            type_="LEFT",
            condition=(document.shop == shop)
            & document.resource.in_(["shipments", "restocks"])
            & (document.record == move.shipment),
        )
        .join(product, type_="LEFT", condition=_is_ours(product, shop, move.product))
        .join(out, type_="LEFT", condition=_is_of(move, OUT, out))
        .join(back, type_="LEFT", condition=_is_of(move, BACK, back))
        .select(
            move.id,
            Coalesce(move.shipment, ""),
            sale.web_id,
            Coalesce(line.shopify_id, ""),
            Coalesce(document.external_id, ""),
            move.product,
            Coalesce(product.external_id, ""),
            source.id,
            target.id,
            target.type,
            move.internal_quantity,
            move.effective_date,
            Coalesce(out.shopify_on, back.shopify_on),
            where=sale.id.in_(sales or [0]) & ((source.type == "customer") != (target.type == "customer")),
            order_by=[sale.id, move.id],
        )
    )
    code_of = _warehouses()
    return [
        Move(
            *ours,
            kind="shipment" if to == "customer" else "restock",
            location=code_of.get(source_id if to == "customer" else target_id, ""),
            quantity=Decimal(str(quantity)),
            day=day,
            shopify_on=shopify_on,
        )
        for *ours, source_id, target_id, to, quantity, day, shopify_on in fetch(query)
    ]


def _taken_back(moves):
    """Units that came back of each cancelled shipment, by its reference and the product; those moves name no line."""
    way_back, move, source = tables(BACK, "stock.move", "stock.location")
    shipped = {int(move.shipment.partition(",")[2]) for move in moves if move.shipment.startswith(f"{OUT},")}
    query = (
        way_back.join(move, condition=move.shipment == _reference(BACK, way_back.id))
        .join(source, condition=move.from_location == source.id)
        .select(
            way_back.shopify_cancels,
            move.product,
            move.internal_quantity,
            where=way_back.shopify_cancels.in_(list(shipped) or [0])
            & (move.state == "done")
            & (source.type == "customer"),
        )
    )
    found = defaultdict(Decimal)
    for shipment, product, quantity in fetch(query):
        found[f"{OUT},{shipment}", product] += Decimal(str(quantity))
    return found


def _warehouses():
    """The code of the warehouse each location is in."""
    place, warehouse = tables("stock.location", "stock.location")
    query = place.join(warehouse, condition=_holds(warehouse, place)).select(place.id, warehouse.code)
    return dict(fetch(query))


def _holds(warehouse, place):
    return (warehouse.type == "warehouse") & (place.left >= warehouse.left) & (place.right <= warehouse.right)


def _is_ours(external, shop, product):
    return (
        (external.shop == shop)
        & (external.resource == "products")
        & (external.record == _reference("product.product", product))
    )


def _comes_from(move, line):
    StockMove = Pool().get("stock.move")
    return move.origin.like("sale.line,%") & (StockMove.origin.sql_id(move.origin, StockMove) == line.id)


def _is_of(move, model, shipment):
    StockMove = Pool().get("stock.move")
    return move.shipment.like(f"{model},%") & (StockMove.shipment.sql_id(move.shipment, StockMove) == shipment.id)


def _reference(model, id_):
    return Concat(Literal(f"{model},"), Cast(id_, "VARCHAR"))
