"""Units: counts, fulfilments as shipments, restocks as customer returns.

Not here: money, and which sale line a unit belongs to (``sales.py``).
"""

from collections import defaultdict

from trytond.pool import Pool

from .books import Books
from .references import References, Refused, about, answer

CANCELLED = "cancelled"


def push_counts(shop, batch):
    """Book each count once; return one answer per count, in the order given.

    A count is what was on hand when the books were opened, or on a later day. Another number for the same count would
    overwrite the cost of goods, so it is refused.
    """
    books = Books()
    wanted = [("stock_counts", count["external_id"]) for count in batch]
    references = References(shop, wanted + [("products", count["product"]) for count in batch])
    answers, groups = [], defaultdict(list)
    for count in batch:
        external_id = count["external_id"]
        with about(external_id):
            if not references.known("stock_counts", external_id):
                key = books.warehouse(count["location"]), count["counted_on"], count["was"] is None
                groups[key].append(_count_line(references, count))
                answers.append(answer(external_id, "created"))
            elif references.fingerprint("stock_counts", external_id) == str(count["quantity"]):
                answers.append(answer(external_id, "unchanged"))
            else:
                booked = references.fingerprint("stock_counts", external_id)
                raise Refused(f"count of {booked} is booked and cannot become {count['quantity']}")
    if groups:
        _book_counts(references, books, groups)
    references.flush()
    return answers


def _count_line(references, count):
    product = references.record("products", count["product"])
    if product is None:
        raise Refused(f"unknown product {count['product']}: push it first")
    if product.type != "goods":
        raise Refused(f"product {count['product']} is not stocked and cannot be counted")
    if count["quantity"] < 0:
        raise Refused(f"a count cannot be negative ({count['quantity']})")
    return count, product


def _book_counts(references, books, groups):
    Inventory = Pool().get("stock.inventory")
    values = [
        {
            "company": books.company.id,
            "location": warehouse.storage_location.id,
            "date": books.open_stock_day(counted_on),
            "shopify_on": counted_on,
            "empty_quantity": "keep",
            "lines": [
                ("create", [{"product": product.id, "quantity": float(count["quantity"])} for count, product in lines])
            ],
        }
        for (warehouse, counted_on, _), lines in groups.items()
    ]
    inventories = Inventory.create(values)
    _complete(inventories, groups)
    Inventory.confirm(inventories)
    for inventory, lines in zip(Inventory.browse(inventories), groups.values(), strict=True):
        line_of = {line.product: line for line in inventory.lines}
        for count, product in lines:
            references.add("stock_counts", count["external_id"], line_of[product], str(count["quantity"]))


def _complete(inventories, groups):
    """A later count is a difference to what was on hand when it was proposed: that must still be there.

    An opening count keeps an expected quantity of zero: it adds to whatever has moved since.
    """
    Inventory = Pool().get("stock.inventory")
    later = [(inventory, key) for inventory, key in zip(inventories, groups, strict=True) if not key[2]]
    Inventory.complete_lines([inventory for inventory, _ in later], fill=False)
    for inventory, key in later:
        expected = {line.product: line.expected_quantity for line in Inventory(inventory.id).lines}
        for count, product in groups[key]:
            with about(count["external_id"]):
                if expected[product] != count["was"]:
                    raise Refused(
                        f"{expected[product]:g} units are on hand, not {count['was']}: "
                        "something has moved since they were read"
                    )


def ship(references, books, orders):
    """Book every new fulfilment as a done shipment from its own warehouse, on its own day; undo what was cancelled.

    In a closed stock period nothing can move: such units move on the first open day, and the event's is kept beside it.

    It is forced: the units have left, whatever the back office believes was there. Negative stock is a finding of
    reconciliation, not a reason to deny a fact.
    """
    Shipment = Pool().get("stock.shipment.out")
    made = _book_units(references, books, orders, "shipments", Shipment)
    Shipment.wait(made)
    Shipment.assign_force(made)
    Shipment.pick([s for s in made if s.warehouse_storage != s.warehouse_output])
    Shipment.pack(made)
    Shipment.do(made)
    _take_back(references, books, orders)


def is_to_undo(references, source):
    """Tell whether a fulfilment was booked and cancelled afterwards."""
    name = source["external_id"]
    return (
        source["cancelled_on"] is not None
        and references.known("shipments", name)
        and references.fingerprint("shipments", name) != CANCELLED
    )


def _take_back(references, books, orders):
    """Book the way back of every booked fulfilment that was cancelled; a done shipment can never be undone itself.

    The units come back to where they left from, on the day of the cancellation, and are owed by their lines again.
    """
    pool = Pool()
    Line, Return = pool.get("sale.line"), pool.get("stock.shipment.out.return")
    values, undone = [], defaultdict(float)
    for order in orders:
        for source in order["shipments"]:
            if not is_to_undo(references, source):
                continue
            shipment = references.record("shipments", source["external_id"])
            references.add("shipments", source["external_id"], shipment, CANCELLED)
            # What moved no goods stands for its sale, and there is nothing to take back.
            if shipment.__name__ == "stock.shipment.out":
                values.append(_way_back(books, shipment, source["cancelled_on"]))
                for move in shipment.outgoing_moves:
                    undone[move.origin] += move.quantity
    if values:
        made = Return.create(values)
        Return.receive(made)
        Return.do([shipment for shipment in Return.browse(made) if shipment.state == "received"])
        Line.write(
            *(
                argument
                for line, quantity in undone.items()
                for argument in ([line], {"shopify_undone": (line.shopify_undone or 0) + quantity})
            )
        )


def _way_back(books, shipment, cancelled_on):
    """Values of the return. Its reference names the shipment: moves with an origin are dated by Tryton, not by us."""
    warehouse = shipment.warehouse
    on = books.open_stock_day(max(cancelled_on, shipment.effective_date))
    moves = [
        {
            "from_location": move.to_location.id,
            "to_location": warehouse.input_location.id,
            "company": books.company.id,
            "product": move.product.id,
            "unit": move.unit.id,
            "quantity": move.quantity,
            "unit_price": move.unit_price,
            "currency": move.currency.id,
            "planned_date": on,
        }
        for move in shipment.outgoing_moves
    ]
    return {
        "company": books.company.id,
        "customer": shipment.customer.id,
        "contact_address": shipment.delivery_address.id,
        "warehouse": warehouse.id,
        "warehouse_storage": shipment.warehouse_storage.id,
        "warehouse_input": warehouse.input_location.id,
        "reference": f"{shipment.reference} {shipment.number}",
        "shopify_cancels": shipment.id,
        "effective_date": on,
        "planned_date": on,
        "shopify_on": cancelled_on,
        "moves": [("create", moves)],
    }


def receive(references, books, orders):
    """Book every new restock as a done customer return into its own warehouse, on its own day."""
    Return = Pool().get("stock.shipment.out.return")
    made = _book_units(references, books, orders, "restocks", Return)
    Return.receive(made)
    Return.do([shipment for shipment in Return.browse(made) if shipment.state == "received"])


def _book_units(references, books, orders, resource, Shipment):
    values, sources = [], []
    for order in orders:
        sale = references.record("orders", order["external_id"])
        for source in order[resource]:
            if references.known(resource, source["external_id"]):
                continue
            if source.get("cancelled_on"):
                references.add(resource, source["external_id"], sale, CANCELLED)
                continue
            with about(order["external_id"]):
                moves = _moves(sale, source, books, resource)
                if moves:
                    values.append(_shipment(sale, source, books, resource, moves))
                    sources.append(source)
                else:
                    # Services and gift cards are fulfilled too, but nothing leaves a shelf.
                    references.add(resource, source["external_id"], sale)
    made = Shipment.create(values) if values else []
    for source, shipment in zip(sources, made, strict=True):
        references.add(resource, source["external_id"], shipment)
    return made


def _shipment(sale, source, books, resource, moves):
    warehouse, on = books.warehouse(source["location"]), books.open_stock_day(source["on"])
    values = {
        "company": books.company.id,
        "customer": sale.party.id,
        "warehouse": warehouse.id,
        "reference": sale.reference,
        "effective_date": on,
        "planned_date": on,
        "shopify_on": source["on"],
        "moves": [("create", moves)],
    }
    if resource == "shipments":
        return {
            **values,
            "delivery_address": sale.shipment_address.id,
            "warehouse_storage": (warehouse.picking_location or warehouse.storage_location).id,
            "warehouse_output": warehouse.output_location.id,
        }
    return {
        **values,
        "contact_address": sale.shipment_address.id,
        "warehouse_storage": warehouse.storage_location.id,
        "warehouse_input": warehouse.input_location.id,
    }


def _moves(sale, source, books, resource):
    warehouse, customer = books.warehouse(source["location"]), sale.party.customer_location
    if resource == "shipments":
        route = {"from_location": warehouse.output_location.id, "to_location": customer.id}
    else:
        route = {"from_location": customer.id, "to_location": warehouse.input_location.id}
    lines = {line.shopify_id: line for line in sale.lines}
    moves = []
    for units in source["units"]:
        # A return is a sale line of its own, because Tryton ships and returns a line in one direction only.
        key = units["order_line"] if resource == "shipments" else return_key(source, units)
        line = lines.get(key)
        if line is None:
            raise Refused(f"{source['external_id']} moves units of {units['order_line']}, which is not in the order")
        if line.movable and units["quantity"]:
            moves.append(
                {
                    **route,
                    "company": books.company.id,
                    "product": line.product.id,
                    "unit": line.unit.id,
                    "quantity": float(units["quantity"]),
                    "unit_price": line.unit_price,
                    "currency": books.currency.id,
                    "planned_date": books.open_stock_day(source["on"]),
                    "origin": str(line),
                }
            )
    return moves


def return_key(restock, units):
    """Name the sale line that stands for the returned units of one restock."""
    return f"{restock['external_id']}#{units['order_line']}"


def order_line_of(key):
    """Return the order line a sale line stands for, from the key of it or of returned units of it."""
    return key.partition("#")[2] or key
