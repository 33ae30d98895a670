"""How much of a shop's restore rate reading by pages uses, and how seldom it is refused. All time is simulated."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest

from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.sandboxed import NOW, SHOP
from shopify_pipeline_tests.shopify.simulated.wired import Served, StillWorld, WiredShop, wired_shop
from shopify_sandbox.settings import RESTORE_POINTS_PER_SECOND
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments

USED_MIN = 0.95
THROTTLED_MAX = 0.01


@pytest.fixture(scope="module", autouse=True)
def no_search_for_cycles() -> Iterator[None]:
    """Pages hold no cycles, and looking for some in all that a test process holds would take half the time."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> StillWorld:
    state = tmp_path_factory.mktemp("world")
    Store.create(state, Arguments(seed=11, orders=120, days=30, now=NOW, shop=SHOP))
    return StillWorld(state)


def reading(shop: WiredShop, api: AdminApi, *, until: float, page_size: int = 20) -> Callable[[], None]:
    """A stream that is read from its start again and again until an instant: a full load as long as we like."""

    (orders,) = READINGS["orders"].roots

    def read() -> None:
        while True:
            for _ in shop.reader(api, page_size=page_size).window(orders, Window(None, NOW), counted=0):
                if shop.timeline.monotonic() >= until:
                    return

    return read


def judge(shop: WiredShop, plan: str) -> None:
    assert shop.used_share(RESTORE_POINTS_PER_SECOND[plan]) >= USED_MIN
    assert shop.throttled_share() <= THROTTLED_MAX
    assert len(shop.served) >= 90


@pytest.mark.parametrize(
    ("plan", "streams", "seconds"),
    [("standard", 1, 120), ("advanced", 1, 70), ("plus", 4, 27), ("enterprise", 8, 24)],
)
def test_a_full_load_by_pages_uses_what_the_plan_restores(
    plan: str, streams: int, seconds: int, world: StillWorld
) -> None:
    """As many streams as it takes: one alone waits for the wire when the plan restores more than it can ask for."""
    shop = wired_shop(world, plan=plan)
    api = shop.client("load")
    shop.timeline.run(*[reading(shop, api, until=seconds) for _ in range(streams)])
    judge(shop, plan)


@pytest.mark.parametrize(("plan", "seconds"), [("standard", 120), ("advanced", 70)])
def test_two_streams_of_one_process_share_the_bucket(plan: str, seconds: int, world: StillWorld) -> None:
    shop = wired_shop(world, plan=plan)
    api = shop.client("load")
    shop.timeline.run(*[reading(shop, api, until=seconds) for _ in range(2)])
    judge(shop, plan)


@pytest.mark.parametrize("page_sizes", [(20, 20), (10, 60)], ids=["alike", "small and large pages"])
@pytest.mark.parametrize(("plan", "seconds"), [("standard", 130), ("advanced", 70)])
def test_two_processes_share_the_bucket(
    plan: str, seconds: int, page_sizes: tuple[int, int], world: StillWorld
) -> None:
    shop = wired_shop(world, plan=plan)
    sizes = dict(zip(("one", "two"), page_sizes, strict=True))
    shop.timeline.run(
        *[reading(shop, shop.client(name), until=seconds, page_size=size) for name, size in sizes.items()]
    )
    judge(shop, plan)
    used = {name: sum(each.points or 0 for each in shop.served if each.client == name) for name in sizes}
    assert min(used.values()) >= 0.25 * max(used.values())


def test_a_change_of_plan_is_followed_while_a_load_runs(world: StillWorld) -> None:
    shop = wired_shop(world, plan="standard")

    def change() -> None:
        shop.timeline.sleep(80)
        shop.sandbox.settings.change({"plan": "advanced"})

    shop.timeline.run(reading(shop, shop.client("load"), until=180), change)
    before = sum(each.points or 0 for each in shop.served if 20 <= each.at < 80) / 60
    after = sum(each.points or 0 for each in shop.served if 100 <= each.at < 180) / 80
    assert before == pytest.approx(100, rel=0.1)
    assert after == pytest.approx(200, rel=0.1)
    assert shop.throttled_share() <= THROTTLED_MAX


def test_a_run_in_simulated_time_is_the_same_every_time(world: StillWorld) -> None:
    def served() -> list[Served]:
        shop = wired_shop(world, plan="standard")
        shop.timeline.run(*[reading(shop, shop.client(name), until=40) for name in ("one", "two")])
        return shop.served

    assert served() == served()
