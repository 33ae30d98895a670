"""Documents the Admin API refuses, worded as it words them."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from shopify_sandbox.admin.documents import Documents
from shopify_sandbox.admin.schema import load_schema
from shopify_sandbox.admin.variables import variable_errors
from shopify_sandbox.errors import Refused

ORDER = "gid://shopify/Order/1"


@pytest.fixture(scope="module")
def documents() -> Documents:
    return Documents(load_schema("2026-10"))


def refusals(documents: Documents, text: str, variables: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    with pytest.raises(Refused) as caught:
        documents.operation(text, variables or {})
    return caught.value.errors


def refusal(documents: Documents, text: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    (found,) = refusals(documents, text, variables)
    return found


def test_a_refusal_says_what_where_and_at_which_path(documents: Documents) -> None:
    assert refusal(documents, f'query Op {{ order(id: "{ORDER}") {{ nope }} }}') == {
        "message": "Field 'nope' doesn't exist on type 'Order'",
        "locations": [{"line": 1, "column": 49}],
        "path": ["query Op", "order", "nope"],
        "extensions": {"code": "undefinedField", "typeName": "Order", "fieldName": "nope"},
    }


def test_all_missing_arguments_of_a_field_are_one_error(documents: Documents) -> None:
    assert refusal(documents, "mutation { webhookSubscriptionCreate { userErrors { message } } }") == {
        "message": "Field 'webhookSubscriptionCreate' is missing required arguments: topic, webhookSubscription",
        "locations": [{"line": 1, "column": 12}],
        "path": ["mutation", "webhookSubscriptionCreate"],
        "extensions": {
            "code": "missingRequiredArguments",
            "className": "Field",
            "name": "webhookSubscriptionCreate",
            "arguments": "topic, webhookSubscription",
        },
    }


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        pytest.param(
            '{ orders(first: "x") { nodes { id } } }',
            "Argument 'first' on Field 'orders' has an invalid value (\"x\"). Expected type 'Int'.",
            "argumentLiteralsIncompatible",
            id="literal of a wrong type",
        ),
        pytest.param(
            "{ orders(first: 1, sortKey: FOO) { nodes { id } } }",
            "Argument 'sortKey' on Field 'orders' has an invalid value (FOO). Expected type 'OrderSortKeys'.",
            "argumentLiteralsIncompatible",
            id="unknown enum value",
        ),
        pytest.param(
            "mutation { bulkOperationRunQuery(query: null) { userErrors { message } } }",
            "Argument 'query' on Field 'bulkOperationRunQuery' has an invalid value (null). Expected type 'String!'.",
            "argumentLiteralsIncompatible",
            id="null where a value must be",
        ),
        pytest.param(
            '{ order(id: "17") { id } }', "Invalid global id '17'", "argumentLiteralsIncompatible", id="no global id"
        ),
        pytest.param(
            "{ orders(first: 1, foo: 2) { nodes { id } } }",
            "Field 'orders' doesn't accept argument 'foo'",
            "argumentNotAccepted",
            id="unknown argument",
        ),
        pytest.param(
            'mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {url: "x"}) '
            "{ userErrors { message } } }",
            "InputObject 'WebhookSubscriptionInput' doesn't accept argument 'url'",
            "argumentNotAccepted",
            id="unknown input field",
        ),
        pytest.param(
            'mutation { inventorySetQuantities(input: {name: "available", quantities: []}) { userErrors { field } } }',
            "Argument 'reason' on InputObject 'InventorySetQuantitiesInput' is required. Expected type String!",
            "missingRequiredInputObjectAttribute",
            id="missing input field",
        ),
        pytest.param(
            "{ orders(first: 1) }",
            "Field must have selections (field 'orders' returns OrderConnection but has no selections. "
            "Did you mean 'orders { ... }'?)",
            "selectionMismatch",
            id="object without selections",
        ),
        pytest.param(
            "{ shop { name { first last } } }",
            'Selections can\'t be made on scalars (field \'name\' returns String but has selections ["first", "last"])',
            "selectionMismatch",
            id="scalar with selections",
        ),
        pytest.param(
            "{ shop { currencyCode { name } } }",
            "Selections can't be made on enums (field 'currencyCode' returns CurrencyCode but has selections "
            '["name"])',
            "selectionMismatch",
            id="enum with selections",
        ),
        pytest.param(
            "{ orders(first: $n) { nodes { id } } }",
            "Variable $n is used by anonymous query but not declared",
            "variableNotDefined",
            id="undeclared variable",
        ),
        pytest.param(
            "query Q($n: Int) { shop { id } }",
            "Variable $n is declared by Q but not used",
            "variableNotUsed",
            id="unused variable",
        ),
        pytest.param(
            "query Q($n: String) { orders(first: $n) { nodes { id } } }",
            "Type mismatch on variable $n and argument first (String / Int)",
            "variableMismatch",
            id="variable of a wrong type",
        ),
        pytest.param(
            "query Q($id: ID) { order(id: $id) { id } }",
            "Nullability mismatch on variable $id and argument id (ID / ID!)",
            "variableMismatch",
            id="variable that may be null",
        ),
        pytest.param(
            "query Q($ids: ID!) { nodes(ids: $ids) { id } }",
            "List dimension mismatch on variable $ids and argument ids (ID! / [ID!]!)",
            "variableMismatch",
            id="variable that is no list",
        ),
        pytest.param(
            "query Q($x: Nope) { shop { name(x: $x) } }",
            "Nope isn't a defined input type (on $x)",
            "variableRequiresValidType",
            id="variable of an unknown type",
        ),
        pytest.param(
            "{ shop { ...F } }",
            "Fragment F was used, but not defined",
            "useAndDefineFragment",
            id="unknown fragment",
        ),
        pytest.param(
            "{ shop { id } } fragment F on Shop { id }",
            "Fragment F was defined, but not used",
            "useAndDefineFragment",
            id="unused fragment",
        ),
        pytest.param(
            "{ shop { ... on Nope { id } } }",
            "No such type Nope, so it can't be a fragment condition",
            "undefinedType",
            id="fragment on an unknown type",
        ),
        pytest.param(
            "{ shop { ... on Order { id } } }",
            "Fragment on Order can't be spread inside Shop",
            "cannotSpreadFragment",
            id="fragment that can never apply",
        ),
        pytest.param(
            "{ shop { ...F } } fragment F on Shop { ...F }",
            "Fragment F contains an infinite loop",
            "infiniteLoop",
            id="fragment in itself",
        ),
        pytest.param(
            "{ shop { a: id a: name } }",
            "Field 'a' has a field conflict: id or name?",
            "fieldConflict",
            id="two fields under one name",
        ),
        pytest.param(
            "{ orders(first: 1) { nodes { id } } orders(first: 2) { nodes { id } } }",
            'Field \'orders\' has an argument conflict: {first: "1"} or {first: "2"}?',
            "fieldConflict",
            id="one field with two arguments",
        ),
        pytest.param(
            "{ shop { id @nope } }", "Directive @nope is not defined", "undefinedDirective", id="unknown directive"
        ),
        pytest.param(
            "{ orders(first: 1, first: 2) { nodes { id } } }",
            'There can be only one argument named "first"',
            "argumentNotUnique",
            id="argument given twice",
        ),
    ],
)
def test_refusals_are_worded_as_shopify_words_them(documents: Documents, text: str, message: str, code: str) -> None:
    found = refusals(documents, text)
    assert (message, code) in [(each["message"], each["extensions"]["code"]) for each in found]


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("query Q {\n  shop {\n    id\n", "syntax error, unexpected end of file at [3, 5]", 3, 5),
        ("query(: Int) { shop { id } }", 'syntax error, unexpected COLON (":"), expecting VAR_SIGN at [1, 7]', 1, 7),
        ("{ shop { } }", 'syntax error, unexpected RCURLY ("}") at [1, 10]', 1, 10),
        ("{ shop(id: ?) }", 'syntax error, unexpected invalid token ("?") at [1, 12]', 1, 12),
    ],
)
def test_a_syntax_error_names_the_token_and_its_place(
    documents: Documents, text: str, message: str, line: int, column: int
) -> None:
    assert refusal(documents, text) == {
        "message": message,
        "locations": [{"line": line, "column": column}],
        "extensions": {"code": "PARSE_ERROR"},
    }


def test_several_errors_come_in_the_order_of_the_document(documents: Documents) -> None:
    text = '{ orders(first: "x") { nodes { nope } } shop(n: 1) { name } order { id } }'
    assert [each["extensions"]["code"] for each in refusals(documents, text)] == [
        "argumentLiteralsIncompatible",
        "undefinedField",
        "argumentNotAccepted",
        "missingRequiredArguments",
    ]


def test_variable_that_must_not_be_null(documents: Documents) -> None:
    assert refusal(documents, "query Q($id: ID!) { order(id: $id) { id } }") == {
        "message": "Variable $id of type ID! was provided invalid value",
        "locations": [{"line": 1, "column": 9}],
        "extensions": {
            "code": "INVALID_VARIABLE",
            "value": None,
            "problems": [{"path": [], "explanation": "Expected value to not be null"}],
        },
    }


@pytest.mark.parametrize(
    ("declared", "value", "problems"),
    [
        ("$v: Int!", 1.5, [([], "Could not coerce value 1.5 to Int")]),
        ("$v: Int!", True, [([], "Could not coerce value true to Int")]),
        ("$v: String!", 7, [([], "Could not coerce value 7 to String")]),
        ("$v: [ID!]!", [ORDER, "x", None], [([1], "Invalid global id 'x'"), ([2], "Expected value to not be null")]),
        ("$v: SegmentSortKeys!", "NOPE", None),
        (
            "$v: InventoryQuantityInput!",
            {"quantity": "two", "colour": 1},
            [
                (["colour"], "Field is not defined on InventoryQuantityInput"),
                (["inventoryItemId"], "Expected value to not be null"),
                (["locationId"], "Expected value to not be null"),
                (["quantity"], 'Could not coerce value "two" to Int'),
            ],
        ),
        (
            "$v: InventoryQuantityInput!",
            "text",
            [([], 'Expected "text" to be a key-value object.')],
        ),
    ],
)
def test_every_problem_of_a_variable_is_told_with_its_path(
    documents: Documents, declared: str, value: Any, problems: list[tuple[list[Any], str]] | None
) -> None:
    (definition,) = parse(f"query Q({declared}) {{ shop {{ name }} }}").definitions
    assert isinstance(definition, OperationDefinitionNode)
    (body,) = variable_errors(documents.published.schema, definition, {"v": value})
    found = body["extensions"]["problems"]
    if problems is None:
        (only,) = found
        assert only["explanation"].startswith('Expected "NOPE" to be one of: ')
    else:
        assert sorted((each["path"], each["explanation"]) for each in found) == sorted(problems)


def test_nested_problems_are_part_of_the_message(documents: Documents) -> None:
    text = "query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert refusal(documents, text, {"ids": ["x", ORDER]})["message"] == (
        "Variable $ids of type [ID!]! was provided invalid value for 0 (Invalid global id 'x')"
    )


def test_every_wrong_variable_is_an_error_of_its_own(documents: Documents) -> None:
    text = "query Q($n: Int!, $id: ID!) { orders(first: $n) { nodes { id } } order(id: $id) { id } }"
    assert [each["message"] for each in refusals(documents, text, {"id": "x"})] == [
        "Variable $n of type Int! was provided invalid value",
        "Variable $id of type ID! was provided invalid value",
    ]


def test_a_variable_with_a_default_may_be_left_out(documents: Documents) -> None:
    text = "query Q($n: Int = 3) { orders(first: $n) { nodes { id } } }"
    assert documents.operation(text, {}).variables == {"n": 3}


QUANTITY = {
    "inventoryItemId": "gid://shopify/InventoryItem/1",
    "locationId": "gid://shopify/Location/1",
    "quantity": 1,
    "changeFromQuantity": None,
}


@pytest.mark.parametrize(
    ("text", "variables", "path"),
    [
        ("query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [ORDER] * 251}, ["nodes", "ids"]),
        ("{ few: nodes(ids: [" + f'"{ORDER}", ' * 251 + "]) { id } }", {}, ["few", "ids"]),
        (
            "mutation M($quantities: [InventoryQuantityInput!]!) { inventorySetQuantities(input: "
            '{name: "available", reason: "correction", quantities: $quantities}) { userErrors { message } } }',
            {"quantities": [QUANTITY] * 251},
            ["inventorySetQuantities", "input", "quantities"],
        ),
    ],
)
def test_more_than_250_items_are_refused_wherever_they_are(
    documents: Documents, text: str, variables: dict[str, Any], path: list[str]
) -> None:
    found = refusal(documents, text, variables)
    assert found["message"] == "The input array size of 251 is greater than the maximum allowed of 250."
    assert (found["extensions"], found["path"]) == ({"code": "MAX_INPUT_SIZE_EXCEEDED"}, path)
    assert found["locations"]


def test_250_items_are_accepted(documents: Documents) -> None:
    text = "query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert documents.operation(text, {"ids": [ORDER] * 250})


def test_one_of_several_operations_is_chosen_by_name(documents: Documents) -> None:
    text = "query A { shop { id } } query B { shop { name } }"
    assert list(documents.operation(text, {}, "B").root_fields) == ["shop"]
    assert documents.operation(text, {}, "B").name == "B"
    for name, message in ((None, "An operation name is required"), ("C", 'No operation named "C"')):
        with pytest.raises(Refused) as caught:
            documents.operation(text, {}, name)
        assert caught.value.errors == [{"message": message}]
