"""The status of a sandbox, for people and for programs."""

from shopify_pipeline_tests.sandbox.serving import CREDENTIALS, Shop


def plant(shop: Shop, **fault: object) -> None:
    assert shop.control("PUT", "faults", fault).status_code == 200


def test_the_status_page_shows_what_happens_and_no_secret(own_shop: Shop) -> None:
    plant(own_shop, answers=[{"kind": "status", "status": 503}, {"kind": "reset", "operation": "<script>"}])
    own_shop.post("query Shown { shop { name } }")
    page = own_shop.session.get(f"{own_shop.server.url}/", headers={"X-Shopify-Access-Token": ""}, timeout=10)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    for text in ("sandbox-usd.myshopify.com", "2026-11-20 12:00:00", "orders", "40", "Shown", "503", "2,000"):
        assert text in page.text
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    token = str(own_shop.session.headers["X-Shopify-Access-Token"])
    for secret in (CREDENTIALS.client_secret + "<", CREDENTIALS.control_key, token):
        assert secret not in page.text
    for loaded in ("src=", "href=", "url("):
        assert loaded not in page.text


def test_the_status_page_shows_faults_first_and_settings_as_a_person_writes_them(own_shop: Shop) -> None:
    plant(own_shop, answers=[{"kind": "status", "status": 503}])
    assert own_shop.control("PUT", "settings", {"webhook_loss_share": 0.25, "public_app": False}).status_code == 200
    page = own_shop.session.get(f"{own_shop.server.url}/", timeout=10).text
    told = [page.index(text) for text in ("Query cost", "Planted faults", "Requests", "Records", "Settings")]
    assert told == sorted(told)
    assert "<dt>webhook loss share</dt><dd>0.25</dd>" in page
    assert "<dt>public app</dt><dd>no</dd>" in page
    assert "<dt>index lag seconds</dt><dd>0</dd>" in page


def test_the_status_is_readable_by_programs_that_have_the_key(own_shop: Shop) -> None:
    own_shop.data("query Counted { ordersCount { count } }")
    status = own_shop.control("GET", "status").json()
    assert status["counts"]["orders"] == 40
    assert status["bucket"]["maximumAvailable"] == 2000.0
    assert status["requests"][-1]["operation"] == "Counted"
    assert {"bulk_operations", "subscriptions", "deliveries", "faults", "fault_log", "settings"} <= set(status)
    assert own_shop.session.get(f"{own_shop.server.url}/__sandbox/status", timeout=5).status_code == 403


def test_the_status_does_not_wait_for_who_holds_the_world(own_shop: Shop) -> None:
    url = f"{own_shop.server.url}/"
    with own_shop.sandbox.store.lock:
        assert own_shop.session.get(url, timeout=10).status_code == 200
