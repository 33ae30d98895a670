"""Search: what a ``query:`` argument finds, what it silently ignores, and when the index knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shopify_pipeline_tests.conformance.asked import AskedStore, asked
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed
from shopify_pipeline_tests.sandbox.serving import Shop

SYNTAX = documented("https://shopify.dev/docs/api/usage/search-syntax")
FOUND = "query($query: String) { orders(first: 250, query: $query, sortKey: ID) { nodes { id name updatedAt tags } } }"
MALFORMED = "Admin API 2025-01, products and productsCount: {quote}; no errors, no extensions.search"


def orders(store: AskedStore, query: str | None) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = store.data(FOUND, query=query)["orders"]["nodes"]
    return nodes


def names(store: AskedStore, query: str | None) -> set[str]:
    return {node["name"] for node in orders(store, query)}


def number(node: dict[str, Any]) -> int:
    return int(node["id"].rsplit("/", 1)[1])


def some(store: AskedStore, count: int = 3) -> list[dict[str, Any]]:
    """Orders from the middle of the first page, so that there are others before and after them."""
    found = orders(store, None)
    assert len(found) > count + 2, "the store needs a few orders"
    return found[len(found) // 2 :][:count]


def hour_before(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp) - timedelta(hours=1)


def zone(store: AskedStore) -> ZoneInfo:
    return ZoneInfo(store.data("{ shop { ianaTimezone } }")["shop"]["ianaTimezone"])


@case(
    "search",
    observed(
        'customersCount(query: "email:grace@example.com") of 70 customers: "count": 70, "precision": "EXACT"; '
        "Admin API 2025-01"
    ),
    traps=(2,),
)
def test_unknown_field_is_ignored_and_everything_is_found(store: AskedStore) -> None:
    """A search field Shopify does not know is ignored, so that all records are counted."""
    data = store.ask(
        '{ all: customersCount { count } found: customersCount(query: "email:nobody@x.invalid") { count } }'
    )
    assert data["data"]["found"] == data["data"]["all"]


@case(
    "search",
    observed(
        '"extensions": {"search": [{"path": ["matching"], "query": "email:grace@example.com", "parsed": {"field": '
        '"email", "match_all": "grace@example.com"}, "warnings": [{"field": "email", "message": "Invalid search field '
        'for this query.", "code": "invalid_field"}]}]}; Admin API 2025-01'
    ),
)
def test_ignored_field_is_told_in_the_extensions(store: AskedStore) -> None:
    """What was ignored stands in extensions.search with path, query, its parsed form and a warning."""
    answer = store.ask('{ matching: customersCount(query: "email:grace@example.com") { count precision } }')
    assert "errors" not in answer
    assert answer["extensions"]["search"] == [
        {
            "path": ["matching"],
            "query": "email:grace@example.com",
            "parsed": {"field": "email", "match_all": "grace@example.com"},
            "warnings": [
                {"field": "email", "message": "Invalid search field for this query.", "code": "invalid_field"}
            ],
        }
    ]


@case(
    "search",
    observed('two aliased customersCount fields: extensions.search has "path": ["matching"] and "path": ["disabled"]'),
)
def test_each_root_field_has_its_own_entry_in_the_extensions(store: AskedStore) -> None:
    """Warnings of several root fields come in the order of the fields, each under its response key."""
    answer = store.ask(
        '{ matching: customersCount(query: "email:a@b.c") { count } disabled: customersCount(query: "state:DISABLED") '
        "{ count } fine: ordersCount(query: \"created_at:>'2020-01-01'\") { count } }"
    )
    assert [each["path"] for each in answer["extensions"]["search"]] == [["matching"], ["disabled"]]


@case("search", observed(MALFORMED.format(quote='query "(value" finds the product whose title holds value')))
def test_open_bracket_that_nothing_closes_is_forgiven(store: AskedStore) -> None:
    """A bracket that is never closed is answered as if it were."""
    order = some(store)[0]
    assert names(store, f"(id:{number(order)}") == {order["name"]}


@case("search", observed(MALFORMED.format(quote='query "tag:value OR" finds the product with the tag')))
def test_connective_that_joins_nothing_is_forgiven(store: AskedStore) -> None:
    """A query may end in OR."""
    order = some(store)[0]
    assert names(store, f"id:{number(order)} OR") == {order["name"]}


@case("search", observed(MALFORMED.format(quote='query "tag:(value" finds nothing, "count": 0')))
def test_bracket_after_a_field_is_part_of_the_value(store: AskedStore) -> None:
    """A bracket right after a field's colon is looked for, and so nothing is found."""
    tag = some_tag(store)
    answer = store.ask(FOUND, query=f"tag:({tag}")
    assert answer["data"]["orders"]["nodes"] == []
    assert "errors" not in answer
    assert "search" not in answer["extensions"]


@case("search", observed(MALFORMED.format(quote='query \'tag:("value"\' finds nothing, "count": 0')))
def test_bracket_before_a_quoted_value_is_part_of_it_too(store: AskedStore) -> None:
    """Quotes do not help a value that begins with a bracket."""
    assert names(store, f'tag:("{some_tag(store)}"') == set()


def some_tag(store: AskedStore) -> str:
    tags = [tag for node in orders(store, "tag:*") for tag in node["tags"] if tag.isalnum()]
    assert tags, "the store needs an order with a tag"
    return str(tags[0])


@case(
    "search",
    observed(
        'customers(query: "(tag:VIP OR tag:referral) state:DISABLED") gives the customer with tags ["VIP"], state '
        "DISABLED; Admin API 2025-01"
    ),
)
def test_alternatives_in_brackets_are_one_condition_of_several(store: AskedStore) -> None:
    """Terms in brackets are joined first; a blank between two conditions means both."""
    first, second, third = some(store)
    either = f"(id:{number(first)} OR id:{number(second)})"
    assert names(store, f"{either} id:<={number(first)}") == {first["name"]}
    assert names(store, f"{either} id:{number(third)}") == set()


@case(
    "search",
    observed(
        'customers(query: "state:DISABLED -(tag:VIP OR tag:referral)") gives DISABLED customers without those tags; '
        "Admin API 2025-01"
    ),
)
def test_minus_before_brackets_excludes_all_of_them(store: AskedStore) -> None:
    """A minus negates the bracket that follows it."""
    first, second, third = some(store)
    span = f"id:>={number(first)} id:<={number(third)}"
    assert names(store, f"{span} -(id:{number(first)} OR id:{number(third)})") == {second["name"]}


@case(
    "search",
    observed(
        'customers(query: "tag:keyedsearch… -tag:keyedcanada…") gives only the customer without the second tag; '
        "Admin API 2025-01"
    ),
)
def test_minus_before_a_term_excludes_it(store: AskedStore) -> None:
    """A minus negates the term that follows it."""
    first, second, _ = some(store)
    span = f"id:>={number(first)} id:<={number(second)}"
    assert names(store, f"{span} -id:{number(first)}") == {second["name"]}


@case(
    "search",
    assumed(
        "unit tests of two clients hold such a warning, of fields 45 and 19; one of them says that nothing is found, "
        "where github.com/estuary/connectors/pull/3250 and github.com/Shopify/shopify-api-ruby/issues/588 saw the rows "
        "from midnight on and tell of no warning"
    ),
    traps=(5,),
)
def test_unquoted_time_is_split_at_its_colons(store: AskedStore) -> None:
    """The minutes of an unquoted time are taken for a search field, which is unknown and warned of."""
    answer = store.ask(FOUND, query="updated_at:>=2026-09-25T02:45:22.433Z")
    (told,) = answer["extensions"]["search"]
    assert told["warnings"] == [
        {"field": "45", "message": "Invalid search field for this query.", "code": "invalid_field"}
    ]


@case(
    "search",
    observed(
        '"ignore the time portion of the timestamp & fallback to using the user\'s timezone"; '
        "github.com/estuary/connectors/pull/3250 (2025-09), and github.com/Shopify/shopify-api-ruby/issues/588 (2021)"
    ),
    traps=(5, 23),
)
def test_unquoted_time_means_midnight_of_the_shop(store: AskedStore) -> None:
    """Without quotes only the date of a time counts, in the shop's time zone."""
    late = max(orders(store, None), key=lambda node: node["updatedAt"])
    day = datetime.fromisoformat(late["updatedAt"]).astimezone(zone(store))
    midnight = day.replace(hour=0, minute=0, second=0).astimezone(UTC)
    unquoted = ids(store, f"updated_at:>={day:%Y-%m-%d}T23:59:59Z")
    assert unquoted == ids(store, f"updated_at:>='{midnight:%Y-%m-%dT%H:%M:%SZ}'")
    assert late["id"] in unquoted


def ids(store: AskedStore, query: str) -> set[str]:
    return {node["id"] for node in store.ask(FOUND, query=query)["data"]["orders"]["nodes"]}


@case(
    "search",
    observed(
        "created_at:>=2023-07-23T18:43:48.000Z AND created_at:<=2023-07-23T18:43:50.000Z gives no orders; "
        "DoomCommerce/Pitfalls"
    ),
    traps=(5,),
)
def test_window_within_one_day_without_quotes_finds_nothing(store: AskedStore) -> None:
    """Two unquoted times of one day are one midnight, and nothing lies in between."""
    late = max(orders(store, None), key=lambda node: node["updatedAt"])
    day = datetime.fromisoformat(late["updatedAt"]).astimezone(zone(store)).date()
    assert ids(store, f"updated_at:>={day}T00:00:01Z AND updated_at:<={day}T23:59:59Z") == set()


@case(
    "search",
    observed("updated_at:>='…-05:00': zero rows, no error; mvanhorn/cli-printing-press#2056"),
    traps=(6,),
)
def test_time_with_an_offset_other_than_z_finds_nothing(store: AskedStore) -> None:
    """A quoted time with an offset finds nothing, and nobody says so."""
    order = some(store)[0]
    east = hour_before(order["updatedAt"]).astimezone(ZoneInfo("America/New_York")).isoformat()
    answer = store.ask(FOUND, query=f"updated_at:>='{east}'")
    assert answer["data"]["orders"]["nodes"] == []
    assert "errors" not in answer
    assert "search" not in answer["extensions"]


@case(
    "search",
    observed("updated_at:>'<stamp of the last row>' gives the last row again on each run; PostHog/posthog#39687"),
    traps=(7,),
)
def test_greater_than_a_time_includes_that_time(store: AskedStore) -> None:
    """On times, > behaves like >=."""
    order = some(store)[0]
    at = order["updatedAt"]
    assert order["id"] in ids(store, f"updated_at:>'{at}' updated_at:<='{at}'")


@case("search", SYNTAX)
def test_quoted_utc_times_are_exact_to_the_second(store: AskedStore) -> None:
    """A quoted time in UTC bounds a window to the second."""
    order = some(store)[0]
    at = datetime.fromisoformat(order["updatedAt"])
    second_before, second_after = (f"{at + timedelta(seconds=by):%Y-%m-%dT%H:%M:%SZ}" for by in (-1, 1))
    assert order["id"] in ids(store, f"updated_at:>='{order['updatedAt']}' updated_at:<'{second_after}'")
    assert order["id"] not in ids(store, f"updated_at:>='{second_after}'")
    assert order["id"] not in ids(store, f"updated_at:<='{second_before}'")


@case("search", SYNTAX)
def test_or_binds_tighter_than_and(store: AskedStore) -> None:
    """``a OR b AND c`` means ``(a OR b) AND c``."""
    first, second, _ = some(store)
    assert names(store, f"id:{number(first)} OR id:{number(second)} AND id:>{number(first)}") == {second["name"]}


@case("search", SYNTAX)
def test_not_is_a_minus_and_lower_case_words_are_no_connectives(store: AskedStore) -> None:
    """NOT negates as a minus does; written small it is a word like any other."""
    first, second, _ = some(store)
    span = f"id:>={number(first)} id:<={number(second)}"
    assert names(store, f"{span} NOT id:{number(first)}") == {second["name"]}
    assert names(store, f"{span} not id:{number(first)}") == set()


@case("search", SYNTAX)
def test_ids_can_be_asked_for_by_range(store: AskedStore) -> None:
    """Comparators on ids span a range, bounds in or out."""
    first, second, third = some(store)
    low, high = number(first), number(third)
    assert names(store, f"id:>={low} id:<={high}") == {first["name"], second["name"], third["name"]}
    assert names(store, f"id:>{low} id:<{high}") == {second["name"]}


@case("search", SYNTAX)
def test_star_asks_whether_a_field_is_filled_or_how_it_begins(store: AskedStore) -> None:
    """``field:*`` finds records that have a value, ``field:begin*`` those with a word that begins so."""
    everything = orders(store, None)
    tagged = {node["name"] for node in everything if node["tags"]}
    assert names(store, "tag:*") & {node["name"] for node in everything} == tagged
    assert names(store, "-tag:*").isdisjoint(tagged)
    tag = some_tag(store)
    assert names(store, f"tag:{tag}") <= names(store, f"tag:{tag[:3]}*")
    assert names(store, f"tag:{tag[:3]}") == set()


@case("search", SYNTAX)
def test_special_characters_need_quotes_or_a_backslash(store: AskedStore) -> None:
    r"""A value with a colon is quoted, or its colons are escaped by a backslash."""
    order = some(store)[0]
    at = order["updatedAt"]
    assert order["id"] in ids(store, f'updated_at:"{at}"')
    assert "search" not in store.ask(FOUND, query=r"tag:a\:b")["extensions"]
    assert "search" not in store.ask(FOUND, query="tag:'a:b'")["extensions"]


@case(
    "search", documented("https://shopify.dev/docs/api/admin-graphql/latest/queries/orders#arguments-query"), traps=(2,)
)
def test_orders_are_found_in_whatever_state_they_are(store: AskedStore) -> None:
    """Without a status filter orders are open, closed and cancelled ones alike."""
    by_status = {status: names(store, f"status:{status}") for status in ("open", "closed", "cancelled")}
    everything = names(store, None)
    assert set().union(*by_status.values()) & everything == everything
    assert names(store, "created_at:>'2000-01-01T00:00:00Z'") == everything


@case("search", assumed("the message of invalid_value is not recorded anywhere we know; the code is"))
def test_value_that_cannot_be_read_is_ignored_with_a_warning(store: AskedStore) -> None:
    """A value its field cannot have is ignored, and warned of with the code invalid_value."""
    answer = store.ask(FOUND, query="created_at:>soon")
    assert [each["code"] for each in answer["extensions"]["search"][0]["warnings"]] == ["invalid_value"]
    assert {node["name"] for node in answer["data"]["orders"]["nodes"]} == names(store, None)


LATE = observed(
    'a product\'s new tag is on the product at once; products(query: "tag:…") found it after a wait of 12 s; Admin API '
    "2025-01"
)


@case("search", LATE, steered=True)
def test_search_knows_a_change_later_than_the_record(own_shop: Shop) -> None:
    """The index is late: a new record can be read by its id before a search finds it."""
    own_shop.control("PUT", "settings", {"index_lag_seconds": 12})
    placed = own_shop.control("POST", "advance", {"new_orders": 1}).json()["events"][-1]
    store = asked(own_shop)
    gid = f"gid://shopify/Order/{placed['order_id']}"
    assert store.data("query($id: ID!) { node(id: $id) { id } }", id=gid) == {"node": {"id": gid}}
    assert names(store, f"name:{placed['order_name']}") == set()
    own_shop.control("POST", "advance", {"hours": 12 / 3_600})
    assert names(store, f"name:{placed['order_name']}") == {placed["order_name"]}


@case(
    "search",
    assumed("a late index is taken to be late for every filter alike, and for counts as for records"),
    steered=True,
)
def test_search_finds_a_changed_record_by_its_old_values_for_a_while(own_shop: Shop) -> None:
    """Until the index knows better, a record is found by what it was and shown as it is."""
    store = asked(own_shop)
    order = orders(store, "status:open -fulfillment_status:fulfilled financial_status:paid")[0]
    own_shop.control("PUT", "settings", {"index_lag_seconds": 60})
    own_shop.control("POST", "advance", {"fulfill": 1, "order": order["name"]})
    found = orders(store, f"updated_at:'{order['updatedAt']}' id:{number(order)}")
    assert [node["name"] for node in found] == [order["name"]]
    assert found[0]["updatedAt"] > order["updatedAt"]
