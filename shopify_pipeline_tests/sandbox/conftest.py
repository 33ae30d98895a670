"""What the sandbox tests may ask for: a served shop to read from, and one of their own to change."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from shopify_pipeline_tests.sandbox.serving import Shop, make_world, served
from shopify_pipeline_tests.sandbox.world_cases import a_full_world
from shopify_sandbox.world.world import World

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A served shop of 300 orders; nothing may change it."""
    state = tmp_path_factory.mktemp("shop")
    make_world(state, orders=300)
    with served(state) as running:
        yield running


@pytest.fixture(scope="session")
def full_world() -> World:
    """A full world of 2,000 orders over 90 days; nothing may change it."""
    return a_full_world(orders=2_000)


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory of a world of 40 orders, to be copied."""
    state = tmp_path_factory.mktemp("small-world")
    make_world(state, orders=40)
    return state


@pytest.fixture
def own_shop(tmp_path: Path, small_world: Path) -> Iterator[Shop]:
    """A served shop of 40 orders that belongs to one test."""
    shutil.copytree(small_world, tmp_path / "state")
    with served(tmp_path / "state") as running:
        yield running
