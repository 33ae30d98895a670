"""What is kept so that nothing has to be searched says the same as searching would."""

from shopify_pipeline_tests.sandbox.world_cases import a_full_world
from shopify_sandbox.world.evolution import FITS
from shopify_sandbox.world.shelf import Shelf
from shopify_sandbox.world.worklist import fitting


def test_worklist_names_exactly_the_orders_an_action_fits_however_the_world_went_on() -> None:
    world = a_full_world(orders=80)
    for _ in range(40):
        world.tick()
        for action, fits in FITS.items():
            found = [order.id for order in world.state.orders.values() if fits(order)]
            assert list(fitting(world.state, FITS, action)) == found


def test_what_is_for_sale_follows_the_assortment() -> None:
    world = a_full_world(orders=20)
    before = {variant.id for variant in world.state.for_sale()}
    world.advance(happen={"delete_variant": 4, "delete_product": 2, "change_status": 2})
    now = {variant.id for variant in world.state.for_sale()}
    assert before - now
    assert now == {one.id for one in world.state.variants.values() if one.is_for_sale}


def test_row_of_a_shelf_is_its_records_in_order_after_anything_was_put_in_replaced_or_taken_out() -> None:
    shelf: Shelf[str] = Shelf()
    assert list(shelf.row()) == []
    shelf[3], shelf[1] = "first", "second"
    assert list(shelf.row()) == ["first", "second"]
    shelf[3] = "another"
    assert list(shelf.row()) == ["another", "second"]
    shelf[7] = "third"
    del shelf[1]
    assert list(shelf.row()) == ["another", "third"]
    assert shelf.pop(3) == "another"
    shelf[9] = "fourth"
    assert list(shelf.row()) == ["third", "fourth"]
