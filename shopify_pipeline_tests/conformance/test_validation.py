"""Requests that are refused before anything is read: syntax, validation, variables, sizes."""

from __future__ import annotations

from typing import Any

from shopify_pipeline_tests.conformance.asked import AskedStore
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed

MUTATION_WITHOUT_VARIABLE = """mutation GraphqlBaseValidationMissingRequiredVariable($product: ProductCreateInput!) {
  productCreate(product: $product) {
    product {
      id
    }
    userErrors {
      field
      message
    }
  }
}
"""
PUBSUB = """mutation GraphqlBaseValidationMissingInputRequiredProperty(
  $webhookSubscription: PubSubWebhookSubscriptionInput!
) {
  pubSubWebhookSubscriptionCreate(
    topic: ORDERS_CREATE
    webhookSubscription: $webhookSubscription
  ) {
    webhookSubscription {
      id
    }
    userErrors {
      field
      message
    }
  }
}
"""
TWO_OPERATIONS = "query First {\n  shop {\n    id\n  }\n}\n\nquery Second {\n  shop {\n    name\n  }\n}\n"
RUBY = "worded and coded as in graphql-ruby, which the Admin API runs; no store was seen to answer it"


def refused(store: AskedStore, query: str, **variables: Any) -> dict[str, Any]:
    """The one error of a request that is refused as a whole: no data, no cost."""
    answer = store.ask(query, **variables)
    assert answer.keys() == {"errors"}
    (error,) = answer["errors"]
    return dict(error)


@case("validation", observed('"syntax error, unexpected end of file at [3, 5]", PARSE_ERROR; Admin API 2025-01'))
def test_a_document_that_is_cut_off_names_its_last_token(store: AskedStore) -> None:
    """A document that ends too early is a PARSE_ERROR at the last token that was read."""
    assert refused(store, "query GraphqlBaseValidationInvalidSyntax {\n  shop {\n    id\n") == {
        "message": "syntax error, unexpected end of file at [3, 5]",
        "locations": [{"line": 3, "column": 5}],
        "extensions": {"code": "PARSE_ERROR"},
    }


@case(
    "validation",
    observed('"syntax error, unexpected COLON (":"), expecting VAR_SIGN at [1, 11]"; Admin API 2024-04'),
)
def test_a_wrong_token_is_named_with_the_one_expected(store: AskedStore) -> None:
    """A token that does not fit is named in capitals with its text, the one expected and the place."""
    error = refused(store, "mutation (: CustomerInput!) { customerCreate { customer { id } } }")
    assert error["message"] == 'syntax error, unexpected COLON (":"), expecting VAR_SIGN at [1, 11]'


@case(
    "validation",
    observed("\"Field must have selections (field 'shop' returns Shop but has no selections…\"; Admin API 2025-01"),
)
def test_an_object_without_selections_is_a_selection_mismatch(store: AskedStore) -> None:
    """An object field without a selection is refused as selectionMismatch and told how to mend it."""
    assert refused(store, "query GraphqlBaseValidationMissingSubselection {\n  shop\n}\n") == {
        "message": "Field must have selections (field 'shop' returns Shop but has no selections. "
        "Did you mean 'shop { ... }'?)",
        "locations": [{"line": 2, "column": 3}],
        "path": ["query GraphqlBaseValidationMissingSubselection", "shop"],
        "extensions": {"code": "selectionMismatch", "nodeName": "field 'shop'", "typeName": "Shop"},
    }


@case(
    "validation",
    observed(
        "\"Selections can't be made on scalars (field 'price' returns Money but has selections "
        '["amount", "currencyCode"])"; Admin API 2025'
    ),
)
def test_a_scalar_with_selections_is_a_selection_mismatch(store: AskedStore) -> None:
    """A scalar with a selection is refused as selectionMismatch, and what was selected is listed."""
    error = refused(store, "{ productVariants(first: 1) { nodes { price { amount currencyCode } } } }")
    assert error["message"] == (
        "Selections can't be made on scalars (field 'price' returns Money but has selections "
        '["amount", "currencyCode"])'
    )
    assert error["extensions"]["code"] == "selectionMismatch"


@case(
    "validation",
    observed('INVALID_VARIABLE at line 1 column 55, "value": null, "Expected value to not be null"; Admin API 2025-01'),
)
def test_a_required_variable_that_is_missing_is_an_invalid_variable(store: AskedStore) -> None:
    """A required variable that is not given is an INVALID_VARIABLE at its declaration, with value and problems."""
    assert refused(store, MUTATION_WITHOUT_VARIABLE) == {
        "message": "Variable $product of type ProductCreateInput! was provided invalid value",
        "locations": [{"line": 1, "column": 55}],
        "extensions": {
            "code": "INVALID_VARIABLE",
            "value": None,
            "problems": [{"path": [], "explanation": "Expected value to not be null"}],
        },
    }


@case(
    "validation",
    observed('"…was provided invalid value for pubSubTopic (Expected value to not be null)"; Admin API 2025-01'),
)
def test_a_missing_part_of_a_variable_is_named_by_its_path(store: AskedStore) -> None:
    """What is wrong inside a variable is named by its path, in the message and among the problems."""
    given = {"pubSubProject": "some-project"}
    assert refused(store, PUBSUB, webhookSubscription=given) == {
        "message": "Variable $webhookSubscription of type PubSubWebhookSubscriptionInput! was provided invalid value "
        "for pubSubTopic (Expected value to not be null)",
        "locations": [{"line": 2, "column": 3}],
        "extensions": {
            "code": "INVALID_VARIABLE",
            "value": given,
            "problems": [{"path": ["pubSubTopic"], "explanation": "Expected value to not be null"}],
        },
    }


@case(
    "validation",
    observed(
        '"Variable $input of type ProductInput! was provided invalid value for category (Invalid global id '
        "'aa-2-6-14')\"; Admin API 2025"
    ),
)
def test_an_id_in_a_variable_must_be_a_global_id(store: AskedStore) -> None:
    """An id that is no global id is an invalid value of its variable, before anything is looked up."""
    mutation = "mutation Update($input: ProductInput!) { productUpdate(input: $input) { userErrors { message } } }"
    error = refused(store, mutation, input={"category": "aa-2-6-14"})
    assert error["message"] == (
        "Variable $input of type ProductInput! was provided invalid value for category (Invalid global id 'aa-2-6-14')"
    )


@case(
    "validation",
    observed('problems: [{"path": [], "explanation": "Invalid global id \'…\'", "message": …}]; Admin API 2026-04'),
)
def test_a_bad_global_id_is_explained_twice(store: AskedStore) -> None:
    """The problem of a bad global id carries its explanation a second time, as message."""
    error = refused(store, "query Q($id: ID!) { node(id: $id) { id } }", id="not-a-gid")
    said = "Invalid global id 'not-a-gid'"
    assert error["extensions"]["problems"] == [{"path": [], "explanation": said, "message": said}]


@case(
    "validation",
    observed("\"Invalid global id '…'\", argumentLiteralsIncompatible, typeName CoercionError; Admin API 2026-04"),
)
def test_an_id_in_the_document_must_be_a_global_id(store: AskedStore) -> None:
    """A literal id that is no global id is refused as argumentLiteralsIncompatible by coercion."""
    error = refused(store, '{ node(id: "17") { id } }')
    assert (error["message"], error["path"]) == ("Invalid global id '17'", ["query", "node", "id"])
    assert error["extensions"] == {"code": "argumentLiteralsIncompatible", "typeName": "CoercionError"}


@case(
    "validation",
    observed("\"Field 'definitelyNotAShopifyQueryRoot' doesn't exist on type 'QueryRoot'\"; Admin API 2025-01"),
)
def test_an_unknown_query_root_is_an_undefined_field_of_queryroot(store: AskedStore) -> None:
    """An unknown field of a query is an undefinedField on the type QueryRoot."""
    query = "query GraphqlBaseValidationUnknownQueryRoot {\n  definitelyNotAShopifyQueryRoot {\n    id\n  }\n}\n"
    assert refused(store, query) == {
        "message": "Field 'definitelyNotAShopifyQueryRoot' doesn't exist on type 'QueryRoot'",
        "locations": [{"line": 2, "column": 3}],
        "path": ["query GraphqlBaseValidationUnknownQueryRoot", "definitelyNotAShopifyQueryRoot"],
        "extensions": {
            "code": "undefinedField",
            "typeName": "QueryRoot",
            "fieldName": "definitelyNotAShopifyQueryRoot",
        },
    }


@case(
    "validation",
    observed("\"Field 'definitelyNotAShopifyMutationRoot' doesn't exist on type 'Mutation'\"; Admin API 2025-01"),
)
def test_an_unknown_mutation_is_an_undefined_field_of_mutation(store: AskedStore) -> None:
    """An unknown mutation is an undefinedField, whatever is given to it."""
    query = "mutation M {\n  definitelyNotAShopifyMutationRoot(input: {}) {\n    id\n  }\n}\n"
    error = refused(store, query)
    assert error["message"] == "Field 'definitelyNotAShopifyMutationRoot' doesn't exist on type 'Mutation'"
    assert error["path"] == ["mutation M", "definitelyNotAShopifyMutationRoot"]


@case(
    "validation",
    observed("\"Field 'definitelyNotAProductField' doesn't exist on type 'Product'\", line 5; Admin API 2025-01"),
)
def test_an_unknown_field_of_a_node_is_named_by_its_whole_path(store: AskedStore) -> None:
    """The path of an undefinedField leads from the operation through all fields to it."""
    query = (
        "query GraphqlBaseValidationUnknownProductField {\n  products(first: 1) {\n    nodes {\n      id\n"
        "      definitelyNotAProductField\n    }\n  }\n}\n"
    )
    error = refused(store, query)
    assert error["locations"] == [{"line": 5, "column": 7}]
    assert error["path"] == [
        "query GraphqlBaseValidationUnknownProductField",
        "products",
        "nodes",
        "definitelyNotAProductField",
    ]


@case(
    "validation",
    observed("\"Field 'definitelyNotAnOrderField' doesn't exist on type 'Order'\"; Admin API 2025-01"),
)
def test_an_unknown_field_of_an_order_has_code_type_and_name(store: AskedStore) -> None:
    """An undefinedField carries the names of the type and the field as extensions."""
    error = refused(store, "{ orders(first: 1) { nodes { id definitelyNotAnOrderField } } }")
    assert error["extensions"] == {
        "code": "undefinedField",
        "typeName": "Order",
        "fieldName": "definitelyNotAnOrderField",
    }


@case(
    "validation",
    observed("\"Field 'inventoryItems' doesn't accept argument 'quer'\", path ending in quer; Admin API 2019-07"),
)
def test_an_unknown_argument_is_not_accepted(store: AskedStore) -> None:
    """An unknown argument is refused as argumentNotAccepted at the argument itself."""
    error = refused(store, "{ inventoryItems(first: 1, quer: \"sku:'RX 3A20'\") { edges { node { id sku } } } }")
    assert error == {
        "message": "Field 'inventoryItems' doesn't accept argument 'quer'",
        "locations": [{"line": 1, "column": 28}],
        "path": ["query", "inventoryItems", "quer"],
        "extensions": {
            "code": "argumentNotAccepted",
            "name": "inventoryItems",
            "typeName": "Field",
            "argumentName": "quer",
        },
    }


@case("validation", observed('{"errors":[{"message":"An operation name is required"}]}; Admin API 2026-04'))
def test_one_of_several_operations_must_be_named(store: AskedStore) -> None:
    """Several operations without a name chosen are refused by a bare message: no code, no place."""
    assert refused(store, TWO_OPERATIONS) == {"message": "An operation name is required"}


@case("validation", observed('{"errors":[{"message":"No operation named \\"Missing\\""}]}; Admin API 2026-04'))
def test_an_operation_that_is_not_there_is_named(store: AskedStore) -> None:
    """A name no operation has is refused by a bare message."""
    response = store.post(TWO_OPERATIONS, operationName="Missing")
    assert response.status_code == 200
    assert response.json() == {"errors": [{"message": 'No operation named "Missing"'}]}


@case("validation", observed('operationName "Selected" of two runs that one alone; Admin API 2026-04'))
def test_the_named_operation_runs_alone(store: AskedStore) -> None:
    """Of several operations only the named one runs and is paid for."""
    query = "query First { shop { id } } query Selected { products(first: 0) { nodes { id } } }"
    answer = store.post(query, operationName="Selected").json()
    assert answer["data"] == {"products": {"nodes": []}}


@case("validation", observed('`query DefaultZero($first: Int = 0)` gives "nodes": []; Admin API 2026-04'))
def test_a_variable_takes_its_default_when_it_is_left_out(store: AskedStore) -> None:
    """A variable with a default need not be given."""
    answer = store.ask("query DefaultZero($first: Int = 0) { products(first: $first) { nodes { id } } }")
    assert answer["data"] == {"products": {"nodes": []}}


@case(
    "validation",
    observed(
        '"The input array size of 251 is greater than the maximum allowed of 250.", path productUpdate, product, tags; '
        "Admin API 2026-04"
    ),
)
def test_a_list_of_more_than_250_is_refused_wherever_it_is_nested(store: AskedStore) -> None:
    """A list of more than 250 items inside an argument refuses the request, with the path from the field to it."""
    mutation = (
        "mutation Tags($product: ProductUpdateInput!) {\n  productUpdate(product: $product) {\n"
        "    userErrors { message }\n  }\n}"
    )
    error = refused(store, mutation, product={"tags": [f"tag-{number}" for number in range(251)]})
    assert error["message"] == "The input array size of 251 is greater than the maximum allowed of 250."
    assert error["path"] == ["productUpdate", "product", "tags"]
    assert error["extensions"] == {"code": "MAX_INPUT_SIZE_EXCEEDED"}


@case("validation", observed('400 {"errors":{"variables":"expected String to be a Hash"}}; Admin API 2021-10'))
def test_variables_must_be_an_object(store: AskedStore) -> None:
    """Variables sent as text are a bad request, with errors by parameter."""
    response = store.session.post(
        f"{store.base_url}/admin/api/2026-10/graphql.json",
        json={"query": "{ shop { id } }", "variables": "{}"},
        headers={"X-Shopify-Access-Token": store.token},
        timeout=30,
    )
    assert response.json() == {"errors": {"variables": "expected String to be a Hash"}}


@case("validation", observed("validation errors came without extensions.cost in every capture; Admin API 2025-01"))
def test_what_is_refused_costs_nothing_and_says_so(store: AskedStore) -> None:
    """The answer to an invalid document has errors and nothing else: no data and no cost."""
    assert store.ask("{ nope }").keys() == {"errors"}


@case("validation", documented("https://spec.graphql.org/October2021/#sec-Validation"))
def test_all_errors_of_a_document_are_told_at_once(store: AskedStore) -> None:
    """Independent errors of one document are all told, in its order."""
    errors = store.errors('{ orders(first: "x") { nodes { nope } } shop(n: 1) { name } order { id } }')
    assert [error["extensions"]["code"] for error in errors] == [
        "argumentLiteralsIncompatible",
        "undefinedField",
        "argumentNotAccepted",
        "missingRequiredArguments",
    ]


@case("validation", observed("missingRequiredArguments with className, name and arguments; Admin API 2025-01"))
def test_missing_arguments_of_a_field_are_one_error(store: AskedStore) -> None:
    """All arguments a field lacks are one missingRequiredArguments error that lists them."""
    error = refused(store, "mutation { webhookSubscriptionCreate { userErrors { message } } }")
    assert error["message"] == (
        "Field 'webhookSubscriptionCreate' is missing required arguments: topic, webhookSubscription"
    )
    assert error["extensions"] == {
        "code": "missingRequiredArguments",
        "className": "Field",
        "name": "webhookSubscriptionCreate",
        "arguments": "topic, webhookSubscription",
    }


@case(
    "validation",
    observed("\"Argument 'countryCode' on InputObject 'BackupRegionUpdateInput' is required…\"; Admin API 2026-04"),
)
def test_a_missing_input_field_names_its_type(store: AskedStore) -> None:
    """A required field an input object lacks is a missingRequiredInputObjectAttribute with its type."""
    error = refused(store, "mutation { backupRegionUpdate(region: {}) { userErrors { message } } }")
    assert error["message"] == (
        "Argument 'countryCode' on InputObject 'BackupRegionUpdateInput' is required. Expected type CountryCode!"
    )
    assert error["path"] == ["mutation", "backupRegionUpdate", "region", "countryCode"]
    assert error["extensions"] == {
        "code": "missingRequiredInputObjectAttribute",
        "argumentName": "countryCode",
        "argumentType": "CountryCode!",
        "inputObjectType": "BackupRegionUpdateInput",
    }


@case("validation", assumed(RUBY))
def test_a_literal_of_a_wrong_type_names_the_type_expected(store: AskedStore) -> None:
    """A literal that does not fit is argumentLiteralsIncompatible with value and type, at the field it is given to."""
    assert refused(store, "{ orders(first: 1, sortKey: NOPE) { nodes { id } } }") == {
        "message": "Argument 'sortKey' on Field 'orders' has an invalid value (NOPE). Expected type 'OrderSortKeys'.",
        "locations": [{"line": 1, "column": 3}],
        "path": ["query", "orders", "sortKey"],
        "extensions": {"code": "argumentLiteralsIncompatible", "typeName": "Field", "argumentName": "sortKey"},
    }


@case("validation", assumed(RUBY))
def test_a_variable_that_may_be_null_does_not_fit_where_null_is_forbidden(store: AskedStore) -> None:
    """A variable of a nullable type is a variableMismatch where the argument must not be null."""
    error = refused(store, "query Q($id: ID) { node(id: $id) { id } }", id="gid://shopify/Order/1")
    assert error["message"] == "Nullability mismatch on variable $id and argument id (ID / ID!)"
    assert error["extensions"] == {
        "code": "variableMismatch",
        "variableName": "id",
        "typeName": "ID",
        "argumentName": "id",
        "errorMessage": "Nullability mismatch",
    }


@case("validation", assumed(RUBY))
def test_a_variable_must_be_used(store: AskedStore) -> None:
    """A declared variable that is not used is a variableNotUsed of its operation."""
    error = refused(store, "query Q($n: Int) { shop { id } }")
    assert error["message"] == "Variable $n is declared by Q but not used"
    assert (error["path"], error["extensions"]["code"]) == (["query Q"], "variableNotUsed")


@case("validation", assumed(RUBY))
def test_a_number_with_a_fraction_is_no_int(store: AskedStore) -> None:
    """A value of a wrong scalar type cannot be coerced, and the problem says to what."""
    error = refused(store, "query Q($n: Int!) { orders(first: $n) { nodes { id } } }", n=1.5)
    assert error["extensions"]["problems"] == [{"path": [], "explanation": "Could not coerce value 1.5 to Int"}]


@case("validation", assumed("a public connector's bulk query of discounts does so, and stores answer it"))
def test_one_key_may_stand_for_fields_of_different_types_under_different_parents(store: AskedStore) -> None:
    """Fields of different types may share a key where their parents can never be the same object."""
    text = (
        "{ nodes(ids: []) { ... on Order { same: displayFinancialStatus } ... on LineItem { same: currentQuantity } } }"
    )
    assert store.data(text) == {"nodes": []}


@case("validation", assumed(RUBY))
def test_there_are_no_subscriptions(store: AskedStore) -> None:
    """A subscription is refused whatever it selects: the published schema has no type for one."""
    assert refused(store, "subscription { shop { id } }") == {
        "message": "Schema is not configured for subscriptions",
        "locations": [{"line": 1, "column": 1}],
        "path": ["subscription"],
        "extensions": {"code": "missingSubscriptionConfiguration"},
    }
