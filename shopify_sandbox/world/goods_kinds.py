"""Kinds of order by what is bought and said: gift cards, custom lines, bundles, duties, fees, strange texts, size.

Here: the kinds. Not here: how they are paid (``payment_kinds.py``).
"""

from __future__ import annotations

from dataclasses import replace

from shopify_sandbox.world.drafts import BundleDraft, LineDraft, OrderDraft, PaymentDraft
from shopify_sandbox.world.entries import SHOPIFY_PAYMENTS
from shopify_sandbox.world.happening import Scene
from shopify_sandbox.world.kind import OrderKind, abroad
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.shoppers import profile_of

LONG = "Please read all of this before you pack anything. " * 8
TEXTS = (
    "🎁 for Zoë 👩‍👩‍👧‍👦 — 𝓽𝓱𝓪𝓷𝓴 𝔂𝓸𝓾 ❤️",
    "التوصيل بعد صلاة العصر من فضلك",
    "‏שלום, נא להשאיר ליד הדלת‏",
    "left\u0000over",
    LONG,
    'Robert"); DROP TABLE orders;--\r\n\ttab, "quote", \\ back',
)


def _gift_card(scene: Scene, draft: OrderDraft) -> OrderDraft:
    value = profile_of(scene.state).price_of(scene.rng.choice((2_500, 5_000, 10_000)))
    card = LineDraft(None, scene.rng.randrange(1, 3), value, title="Gift card", is_gift_card=True)
    lines = [card] if scene.rng.random() < 0.4 else [*draft.lines, card]
    return replace(draft, lines=lines, payment=PaymentDraft(SHOPIFY_PAYMENTS, "SALE"))


def _tip(scene: Scene, draft: OrderDraft) -> OrderDraft:
    return replace(draft, tip=profile_of(scene.state).price_of(scene.rng.choice((150, 333, 1_000))))


def _duties(scene: Scene, draft: OrderDraft) -> OrderDraft:
    """Shipped abroad: customs asks for something on each line, and the order is in another currency."""
    lines = [replace(line, duty=max(1, line.unit_price * line.quantity // 8)) for line in draft.lines]
    return abroad(scene, replace(draft, lines=lines))


def _fee(scene: Scene, draft: OrderDraft) -> OrderDraft:
    return replace(draft, fees=[("Wooden crate", profile_of(scene.state).price_of(1_250))])


def _custom(scene: Scene, draft: OrderDraft) -> OrderDraft:
    price = profile_of(scene.state).price_of(scene.rng.randrange(500, 9_000))
    custom = LineDraft(None, 1, price, title="Engraving by hand", is_taxed=scene.rng.random() < 0.7)
    return replace(draft, lines=[*draft.lines, custom], source_name="shopify_draft_order")


def _draft(scene: Scene, draft: OrderDraft) -> OrderDraft:
    return replace(draft, source_name="shopify_draft_order")


def _bundle(scene: Scene, draft: OrderDraft) -> OrderDraft:
    bundle = BundleDraft("Housewarming set", 1, "SET-HOUSE-01")
    for_sale = [one for one in scene.state.variants.values() if not one.is_deleted]
    parts = [LineDraft(one, 1, one.price * 9 // 10, bundle=bundle) for one in scene.rng.sample(for_sale, 3)]
    return replace(draft, lines=[*draft.lines, *parts])


def _subscription(scene: Scene, draft: OrderDraft) -> OrderDraft:
    lines = [replace(draft.lines[0], selling_plan="Deliver every month"), *draft.lines[1:]]
    return replace(draft, lines=lines)


def _strange(scene: Scene, draft: OrderDraft) -> OrderDraft:
    rng = scene.rng
    said = (("message", rng.choice(TEXTS)), ("long", LONG), ("leer", ""))
    lines = [replace(draft.lines[0], properties=(("Engraving", rng.choice(TEXTS)),)), *draft.lines[1:]]
    return replace(draft, note=rng.choice(TEXTS), attributes=said, tags=["ünïcode", "🎄", "gift"], lines=lines)


def _large(scene: Scene, draft: OrderDraft) -> OrderDraft:
    rng = scene.rng
    variants = [one for one in scene.state.variants.values() if not one.is_deleted]
    chosen = [rng.choice(variants) for _ in range(rng.randrange(251, 300))]
    return replace(draft, lines=[LineDraft(one, 1, one.price) for one in chosen])


def _properties(order: Order) -> list[str]:
    return [value for line in order.lines for _, value in line.particulars.properties]


def _said(order: Order) -> str:
    return "".join([order.note or "", *(value for _, value in order.attributes), *_properties(order)])


KINDS: tuple[OrderKind, ...] = (
    OrderKind(
        "foreign currency", "Bought in another currency than the shop's.", abroad, lambda order: bool(order.exchange)
    ),
    OrderKind(
        "gift card sold",
        "A gift card is among what was bought.",
        _gift_card,
        lambda order: any(line.line_type == "GIFT_CARD" for line in order.lines),
        share=0.018,
        may_be_foreign=False,
    ),
    OrderKind("tip", "A tip was given.", _tip, lambda order: any(line.line_type == "TIP" for line in order.lines)),
    OrderKind(
        "duties",
        "Customs duties were paid with the order.",
        _duties,
        lambda order: any(line.particulars.duties for line in order.lines),
    ),
    OrderKind("additional fee", "A fee on the whole order.", _fee, lambda order: bool(order.particulars.fees)),
    OrderKind(
        "custom line",
        "A line that is no product of the shop.",
        _custom,
        lambda order: any(line.variant is None and line.line_type == "PRODUCT" for line in order.lines),
    ),
    OrderKind("draft order", "Written up by staff.", _draft, lambda order: order.source_name == "shopify_draft_order"),
    OrderKind(
        "bundle", "Components of a bundle.", _bundle, lambda order: any(line.particulars.group for line in order.lines)
    ),
    OrderKind(
        "subscription",
        "A line that comes again every month.",
        _subscription,
        lambda order: any(line.particulars.selling_plan for line in order.lines),
    ),
    OrderKind(
        "strange text",
        "Emoji, right-to-left letters, NUL and more than 255 characters.",
        _strange,
        lambda order: any(text in _said(order) for text in TEXTS),
        share=0.05,
    ),
    OrderKind(
        "large order", "More lines than a page.", _large, lambda order: len(order.lines) > 250, share=0.012, at_most=24
    ),
)
