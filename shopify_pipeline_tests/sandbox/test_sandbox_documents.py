"""Documents the Admin API refuses, worded as it words them."""

from typing import Any

import pytest

from shopify_sandbox.documents import Documents
from shopify_sandbox.errors import Refused
from shopify_sandbox.schema import load_schema


@pytest.fixture(scope="module")
def documents() -> Documents:
    return Documents(load_schema("2026-10"))


def refusal(documents: Documents, text: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    with pytest.raises(Refused) as caught:
        documents.operation(text, variables or {})
    found: dict[str, Any] = caught.value.errors[0]
    return found


def test_unknown_field(documents: Documents) -> None:
    assert refusal(documents, 'query Op { order(id: "1") { nope } }') == {
        "message": "Field 'nope' doesn't exist on type 'Order'",
        "locations": [{"line": 1, "column": 29}],
        "path": ["query Op", "order", "nope"],
        "extensions": {"code": "undefinedField", "typeName": "Order", "fieldName": "nope"},
    }


def test_missing_required_argument(documents: Documents) -> None:
    assert refusal(documents, "{ order { id } }") == {
        "message": "Field 'order' is missing required arguments: id",
        "locations": [{"line": 1, "column": 3}],
        "path": ["query", "order"],
        "extensions": {
            "code": "missingRequiredArguments",
            "className": "Field",
            "name": "order",
            "arguments": "id",
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
            "{ orders(first: 1, foo: 2) { nodes { id } } }",
            "Field 'orders' doesn't accept argument 'foo'",
            "argumentNotAccepted",
            id="unknown argument",
        ),
        pytest.param(
            "{ orders(first: 1) }",
            "Field must have selections (field 'orders' returns OrderConnection but has no selections. "
            "Did you mean 'orders { ... }'?)",
            "selectionMismatch",
            id="object without selections",
        ),
        pytest.param(
            "{ orders(first: $n) { nodes { id } } }",
            "Variable $n is used by query but not declared",
            "variableNotDefined",
            id="undeclared variable",
        ),
        pytest.param(
            "query Q($n: Int) { shop { id } }",
            "Variable $n is declared by query Q but not used",
            "variableNotUsed",
            id="unused variable",
        ),
        pytest.param(
            "query Q($n: String) { orders(first: $n) { nodes { id } } }",
            "Type mismatch on variable $n and argument first (String / Int)",
            "variableMismatch",
            id="variable of a wrong type",
        ),
        pytest.param("{ shop { id", "syntax error, unexpected end of file", "PARSE_ERROR", id="cut off"),
    ],
)
def test_refusals_are_worded_as_shopify_words_them(documents: Documents, text: str, message: str, code: str) -> None:
    found = refusal(documents, text)
    assert (found["message"], found["extensions"]["code"]) == (message, code)


def test_variable_that_must_not_be_null(documents: Documents) -> None:
    found = refusal(documents, "query Q($id: ID!) { order(id: $id) { id } }")
    assert found["message"] == "Variable $id of type ID! was provided invalid value"
    assert found["extensions"]["code"] == "INVALID_VARIABLE"
    assert found["extensions"]["problems"] == [{"path": [], "explanation": "Expected value to not be null"}]


def test_more_than_250_inputs_are_refused(documents: Documents) -> None:
    found = refusal(documents, "query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["1"] * 251})
    assert found["message"] == "The input array size of 251 is greater than the maximum allowed of 250."
    assert found["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"


def test_one_of_several_operations_is_chosen_by_name(documents: Documents) -> None:
    text = "query A { shop { id } } query B { shop { name } }"
    assert list(documents.operation(text, {}, "B").root_fields) == ["shop"]
    assert documents.operation(text, {}, "B").name == "B"
    with pytest.raises(Refused, match="operation name is required"):
        documents.operation(text, {})
