"""Access tokens: how they are asked for, how long they are good, and what a store says when they are not."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from shopify_pipeline_tests.conformance.asked import AskedStore, asked
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed
from shopify_pipeline_tests.sandbox.serving import CREDENTIALS, Shop

AUTH = "https://shopify.dev/docs/apps/build/authentication-authorization"
OFFLINE = f"{AUTH}/access-tokens/offline-access-tokens"
REFRESH_AGAIN = "https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens"
DAY_HOURS = 24


def grant(store: AskedStore, grant_type: str = "client_credentials", **change: str) -> requests.Response:
    """Ask for a token as the sandbox's own app, in JSON."""
    body = {"client_id": CREDENTIALS.client_id, "client_secret": CREDENTIALS.client_secret, "grant_type": grant_type}
    return store.session.post(f"{store.base_url}/admin/oauth/access_token", json=body | change, timeout=30)


def refresh(store: AskedStore, pair: dict[str, Any]) -> requests.Response:
    return grant(store, "refresh_token", refresh_token=pair["refresh_token"])


def status(store: AskedStore, token: str) -> int:
    """How the store answers a call with this token."""
    return store.post("{ shop { name } }", token=token).status_code


@case("tokens", documented("https://shopify.dev/docs/api/admin-graphql/2026-10/queries/currentAppInstallation"))
def test_an_app_may_ask_for_its_own_scopes(store: AskedStore) -> None:
    """The scopes a token carries can be asked for with any token."""
    data = store.data("{ currentAppInstallation { accessScopes { handle } } }")
    assert "read_orders" in {each["handle"] for each in data["currentAppInstallation"]["accessScopes"]}


@case(
    "tokens",
    observed("asked at an alias, another shop's data came back (github.com/airbytehq/airbyte/pull/42095)"),
    steered=True,
    traps=(28,),
)
def test_whoever_answers_at_an_alias_gives_their_own_domain(own_shop: Shop) -> None:
    """A shop behind another one's address answers with its own ``myshopifyDomain`` and HTTP 200."""
    own_shop.control("PUT", "settings", {"answers_as": "somebody-else.myshopify.com"})
    assert own_shop.data("{ shop { myshopifyDomain } }") == {"shop": {"myshopifyDomain": "somebody-else.myshopify.com"}}


@case("tokens", documented(f"{AUTH}/client-secrets"), steered=True)
def test_client_credentials_give_a_token_of_a_day_and_no_refresh_token(own_shop: Shop) -> None:
    """The client credentials grant answers with access_token, scope and expires_in 86399, and nothing else."""
    granted = grant(asked(own_shop)).json()
    assert granted.keys() == {"access_token", "scope", "expires_in"}
    assert granted["expires_in"] == 86399
    assert "read_orders" in granted["scope"].split(",")


@case("tokens", documented(f"{AUTH}/client-secrets"), steered=True)
def test_a_grant_may_be_asked_for_by_a_form(own_shop: Shop) -> None:
    """A token request may be form encoded as well as JSON."""
    store = asked(own_shop)
    form = {
        "grant_type": "client_credentials",
        "client_id": CREDENTIALS.client_id,
        "client_secret": CREDENTIALS.client_secret,
    }
    response = store.session.post(f"{store.base_url}/admin/oauth/access_token", data=form, timeout=30)
    assert status(store, response.json()["access_token"]) == 200


@case("tokens", documented(f"{AUTH}/client-credentials-grant"), steered=True, traps=(27,))
def test_a_client_credentials_token_is_refused_after_a_day(own_shop: Shop) -> None:
    """A client credentials token ends 24 hours after it was given; another one can be had at once."""
    store = asked(own_shop)
    own_shop.control("POST", "advance", {"hours": DAY_HOURS})
    assert status(store, store.token) == 401
    assert status(store, grant(store).json()["access_token"]) == 200


@case(
    "tokens",
    observed(
        "400 - Oauth error app_not_installed: The application is not installed on this shop. "
        "(https://community.shopify.dev/t/33287)"
    ),
    steered=True,
)
def test_client_credentials_of_an_app_that_is_not_installed_are_refused(own_shop: Shop) -> None:
    """An app that is not on the shop gets HTTP 400 ``app_not_installed``."""
    own_shop.control("DELETE", "installation")
    response = grant(asked(own_shop))
    assert (response.status_code, response.json()) == (
        400,
        {"error": "app_not_installed", "error_description": "The application is not installed on this shop."},
    )


@case(
    "tokens",
    observed(
        "Oauth error shop_not_permitted: Client credentials cannot be performed on this shop. "
        "(https://github.com/unopim/shopify-connector/issues/43)"
    ),
    steered=True,
)
def test_client_credentials_on_a_shop_of_another_organisation_are_refused(own_shop: Shop) -> None:
    """An app of another organisation gets ``shop_not_permitted``."""
    own_shop.control("PUT", "installation", {"permitted": False})
    response = grant(asked(own_shop))
    assert (response.status_code, response.json()) == (
        400,
        {"error": "shop_not_permitted", "error_description": "Client credentials cannot be performed on this shop."},
    )


@case("tokens", assumed("status and text of a wrong secret were not recorded; the code is OAuth's"), steered=True)
@pytest.mark.parametrize("change", [{"client_secret": "wrong"}, {"client_id": "wrong"}])
def test_wrong_credentials_are_invalid_client(own_shop: Shop, change: dict[str, str]) -> None:
    """A wrong client id or secret is refused with HTTP 400 ``invalid_client``."""
    response = grant(asked(own_shop), **change)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client")


@case("tokens", assumed("the code is OAuth's; no answer of Shopify's to an unknown grant was recorded"), steered=True)
def test_an_unknown_grant_is_refused_by_name(own_shop: Shop) -> None:
    """A grant type Shopify does not offer is refused with HTTP 400 ``unsupported_grant_type``."""
    response = grant(asked(own_shop), "password")
    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")


@case("tokens", documented(OFFLINE), steered=True)
def test_an_expiring_offline_token_comes_with_a_refresh_token(own_shop: Shop) -> None:
    """An installation gives a token of 3,600 seconds and a refresh token of 90 days."""
    pair = own_shop.control("POST", "installation").json()
    assert pair.keys() == {"access_token", "scope", "expires_in", "refresh_token", "refresh_token_expires_in"}
    assert (pair["expires_in"], pair["refresh_token_expires_in"]) == (3600, 90 * 86400)
    store = asked(own_shop)
    assert status(store, pair["access_token"]) == 200
    own_shop.control("POST", "advance", {"hours": 1})
    assert status(store, pair["access_token"]) == 401


@case("tokens", documented(OFFLINE), steered=True)
def test_a_refresh_replaces_both_tokens(own_shop: Shop) -> None:
    """A refresh gives another pair, and ends the access token before it: one is active per app and shop."""
    store, pair = asked(own_shop), own_shop.control("POST", "installation").json()
    renewed = refresh(store, pair).json()
    assert renewed["refresh_token"] != pair["refresh_token"]
    assert (status(store, pair["access_token"]), status(store, renewed["access_token"])) == (401, 200)


@case("tokens", documented(REFRESH_AGAIN), steered=True)
def test_a_refresh_whose_answer_was_lost_can_be_repeated_until_its_replacement_was_used(own_shop: Shop) -> None:
    """A used refresh token works again until the one that replaced it is used."""
    store, pair = asked(own_shop), own_shop.control("POST", "installation").json()
    refresh(store, pair)
    kept = refresh(store, pair).json()
    assert status(store, kept["access_token"]) == 200
    assert refresh(store, kept).status_code == 200
    assert refresh(store, pair).status_code == 401


@case("tokens", assumed("which of two replacements of one refresh token stays good is not documented"), steered=True)
def test_of_two_replacements_of_one_refresh_token_the_newer_one_is_good(own_shop: Shop) -> None:
    """When a refresh is repeated, what the first one gave ends."""
    store, pair = asked(own_shop), own_shop.control("POST", "installation").json()
    lost = refresh(store, pair).json()
    refresh(store, pair)
    assert (status(store, lost["access_token"]), refresh(store, lost).status_code) == (401, 401)


@case(
    "tokens",
    observed(
        '401 {"error":"invalid_request","error_description":"This request requires an active refresh_token"} '
        "(https://community.shopify.dev/t/35182, 2026-06-15)"
    ),
    steered=True,
)
def test_a_refresh_token_that_is_not_active_is_refused(own_shop: Shop) -> None:
    """A refresh token that was retired is refused with HTTP 401 ``invalid_request``."""
    store, pair = asked(own_shop), own_shop.control("POST", "installation").json()
    own_shop.control("DELETE", "installation")
    response = refresh(store, pair)
    assert (response.status_code, response.json()) == (
        401,
        {"error": "invalid_request", "error_description": "This request requires an active refresh_token"},
    )


@case("tokens", documented(f"{AUTH}/access-tokens"), steered=True)
def test_an_uninstallation_ends_every_token(own_shop: Shop) -> None:
    """Tokens of every kind are refused once the app was uninstalled."""
    store = asked(own_shop)
    static = own_shop.control("POST", "tokens").json()["access_token"]
    offline = own_shop.control("POST", "installation").json()["access_token"]
    assert [status(store, token) for token in (store.token, static, offline)] == [200, 200, 200]
    own_shop.control("DELETE", "installation")
    assert [status(store, token) for token in (store.token, static, offline)] == [401, 401, 401]


@case("tokens", documented("https://shopify.dev/docs/apps/build/webhooks"), steered=True)
def test_an_uninstallation_takes_the_subscriptions_along(own_shop: Shop) -> None:
    """An app that is installed again finds none of the subscriptions it had before it was uninstalled."""
    create = """mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE,
      webhookSubscription: {uri: "https://hooks.example/orders"}) { userErrors { message } } }"""
    subscribed = "{ webhookSubscriptions(first: 10) { nodes { topic } } }"
    own_shop.data(create)
    assert own_shop.data(subscribed)["webhookSubscriptions"]["nodes"] == [{"topic": "ORDERS_CREATE"}]
    own_shop.control("DELETE", "installation")
    own_shop.control("POST", "installation")
    own_shop.log_in()
    assert own_shop.data(subscribed)["webhookSubscriptions"]["nodes"] == []


@case(
    "tokens",
    observed(
        "403 [API] Non-expiring access tokens are no longer accepted for the Admin API. Start using expiring offline "
        "tokens: … (https://github.com/chatwoot/chatwoot/issues/14462, 2026-05-14)"
    ),
    steered=True,
    traps=(27,),
)
def test_a_public_apps_static_token_is_refused(own_shop: Shop) -> None:
    """A public app's token that does not expire is refused with HTTP 403 and an ``errors`` that is a string."""
    store, static = asked(own_shop), own_shop.control("POST", "tokens").json()["access_token"]
    own_shop.control("PUT", "settings", {"public_app": True})
    response = store.post("{ shop { name } }", token=static)
    assert response.status_code == 403
    assert response.json()["errors"].startswith(
        "[API] Non-expiring access tokens are no longer accepted for the Admin API. Start using expiring offline tokens"
    )
    assert status(store, own_shop.control("POST", "installation").json()["access_token"]) == 200


@case("tokens", documented(f"{AUTH}/client-secrets/rotate-revoke-client-credentials"), steered=True)
def test_after_a_rotation_both_secrets_get_tokens_and_tokens_stay_good(own_shop: Shop) -> None:
    """A new client secret works beside the old one, and tokens that are out go on working."""
    store = asked(own_shop)
    secret = own_shop.control("PUT", "secret", {}).json()["client_secret"]
    assert secret != CREDENTIALS.client_secret
    assert [grant(store).status_code, grant(store, client_secret=secret).status_code] == [200, 200]
    assert status(store, store.token) == 200


@case("tokens", assumed("when an old secret ends is up to the app's owner; here it is an hour"), steered=True)
def test_an_hour_after_a_rotation_the_old_secret_is_refused(own_shop: Shop) -> None:
    """The secret before a rotation is refused an hour later, as webhooks are signed with it no longer."""
    store = asked(own_shop)
    secret = own_shop.control("PUT", "secret", {}).json()["client_secret"]
    own_shop.control("POST", "advance", {"hours": 1})
    assert [grant(store).status_code, grant(store, client_secret=secret).status_code] == [400, 200]


@case("tokens", documented("https://shopify.dev/docs/api/usage/access-scopes"), steered=True)
def test_a_scope_to_write_lets_an_app_read(own_shop: Shop) -> None:
    """Whoever may write a resource may read it."""
    own_shop.control("PUT", "scopes", {"scopes": ["write_products"]})
    assert "errors" not in asked(own_shop).ask("{ products(first: 1) { nodes { id } } }")
