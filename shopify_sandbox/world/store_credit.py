"""Store credit: granted, spent, given back, reverted and expired, in one account per customer and currency.

Here: the events of an account, and what an order's transactions mean for it. Not here: gift cards (``gift_cards.py``),
the checkout paid with credit (``placing.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.case import Case
from shopify_sandbox.world.credit import CREDIT, DEBIT, EXPIRATION, REVERT, CreditMovement, StoreCreditAccount
from shopify_sandbox.world.entries import Facts, event, transaction
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.gift_cards import currency_of, owes
from shopify_sandbox.world.happening import Happening, Scene, one_that
from shopify_sandbox.world.records import Order, Transaction
from shopify_sandbox.world.refunding import RefundDraft, can_refund, refund
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import stamp

GATEWAY = "shopify_store_credit"
GRANTED = (CREDIT, "ADJUSTMENT")
VALUES = (500, 1_000, 2_000, 5_000)
_NEVER = datetime.max.replace(tzinfo=UTC)


def account_of(state: State, owner: Customer, currency: str) -> StoreCreditAccount | None:
    """The customer's account in that currency; None before anything was granted."""
    return next((one for one in state.store_credit_of.get(owner.id, ()) if one.currency == currency), None)


def spendable(state: State, owner: Customer, currency: str) -> int:
    """What the customer can pay with store credit, minor units."""
    account = account_of(state, owner, currency)
    return 0 if account is None else account.balance


def open_account(state: State, at: datetime, owner: Customer, currency: str) -> Facts:
    """The event ``store_credit_opened``."""
    facts = {"id": state.minter()("StoreCreditAccount"), "owner_id": owner.id, "currency": currency}
    return event("store_credit_opened", at, account=facts)


def credit(
    state: State,
    at: datetime,
    account: StoreCreditAccount,
    amount: int,
    why: str,
    *,
    expires_at: datetime | None = None,
    cause: Transaction | None = None,
) -> Facts:
    """Money put on an account; ``why`` is a ``StoreCreditSystemEvent``."""
    return _moved(state, at, account, CREDIT, amount, why, cause=cause, expires_at=expires_at)


def debit(state: State, at: datetime, account: StoreCreditAccount, amount: int, cause: Transaction | None) -> Facts:
    """Money spent; the credit that ends first is used up first.

    Raises:
        ValueError: There is less on the account.
    """
    uses, left = [], amount
    for one in sorted(_credits(account), key=lambda one: one.expires_at or _NEVER):
        taken = min(one.left, left)
        if taken:
            uses.append([one.id, taken])
            left -= taken
    if left:
        raise ValueError(f"store credit account {account.id} holds less than is to be spent")
    return _moved(state, at, account, DEBIT, -amount, "ORDER_PAYMENT", cause=cause, uses=uses)


def revert(state: State, at: datetime, spent: CreditMovement, uses: list[list[int]]) -> Facts:
    """A debit taken back because the payment it was for failed.

    Args:
        uses: As the debit's event has them: the credits it used up, which get their part again.
    """
    returned = [[credit_id, -amount] for credit_id, amount in uses]
    account = spent.account
    return _moved(state, at, account, REVERT, -spent.amount, "PAYMENT_FAILURE", about=spent, uses=returned)


def expire(state: State, at: datetime, ended: CreditMovement) -> Facts:
    """What is left of a credit after its time leaves the account."""
    uses = [[ended.id, ended.left]]
    return _moved(state, at, ended.account, EXPIRATION, -ended.left, "ADJUSTMENT", about=ended, uses=uses)


def consequences(state: State, at: datetime, order: Order) -> Iterator[Facts]:
    """What the order's transactions ask of its customer's account and have not got yet; fold each before the next."""
    for one in order.transactions:
        owner = order.customer
        settled = one.id in state.settled_in_credit
        if one.gateway != GATEWAY or one.status != "SUCCESS" or owner is None or settled:
            continue
        currency = currency_of(state, order)
        if account_of(state, owner, currency) is None:
            yield open_account(state, at, owner, currency)
        account = next(found for found in state.store_credit_of[owner.id] if found.currency == currency)
        if one.kind in ("SALE", "CAPTURE"):
            yield debit(state, at, account, one.amount, one)
        elif one.kind == "REFUND":
            why = "ORDER_CANCELLATION" if order.cancelled_at else "ORDER_REFUND"
            yield credit(state, at, account, one.amount, why, cause=one)


def _moved(
    state: State,
    at: datetime,
    account: StoreCreditAccount,
    type_: str,
    amount: int,
    why: str,
    *,
    cause: Transaction | None = None,
    about: CreditMovement | None = None,
    expires_at: datetime | None = None,
    uses: Sequence[Sequence[int | None]] = (),
) -> Facts:
    """The event ``store_credit_moved``; an expiration has no id of its own."""
    return event(
        "store_credit_moved",
        at,
        account_id=account.id,
        movement={
            "id": None if type_ == EXPIRATION else state.minter()("StoreCreditAccountTransaction"),
            "type": type_,
            "amount": amount,
            "balance_after": account.balance + amount,
            "event": why,
            "transaction_id": cause.id if cause else None,
            "about_id": about.id if about else None,
            "about_type": about.type if about else None,
            "expires_at": stamp(expires_at) if expires_at else None,
            "uses": [list(use) for use in uses],
        },
    )


def _credits(account: StoreCreditAccount) -> list[CreditMovement]:
    return [one for one in account.movements if one.type == CREDIT and one.left]


def _opened(scene: Scene, owner: Customer, currency: str) -> StoreCreditAccount:
    """The customer's account, opened when there is none."""
    if account_of(scene.state, owner, currency) is None:
        scene.record(open_account(scene.state, scene.clock(), owner, currency))
    return next(one for one in scene.state.store_credit_of[owner.id] if one.currency == currency)


def _is_known(customer: Customer) -> bool:
    return not customer.is_redacted


def _grant(scene: Scene, order: Order | None) -> None:
    rng = scene.rng
    owner = one_that(rng, scene.state.customers, _is_known)
    if owner is None:
        return
    account = _opened(scene, owner, scene.state.shop.currency)
    at = scene.clock()
    ends = at + timedelta(days=rng.choice((5, 10, 20))) if rng.random() < 0.6 else None
    scene.record(credit(scene.state, at, account, rng.choice(VALUES), "ADJUSTMENT", expires_at=ends))


def _use(scene: Scene, order: Order | None) -> None:
    """What is owed is paid with store credit, which is granted first when there is none."""
    if order is None or order.customer is None:
        return
    state, owed = scene.state, figures(order).total_outstanding
    account = _opened(scene, order.customer, currency_of(state, order))
    if not account.balance:
        scene.record(credit(state, scene.clock(), account, owed, "ADJUSTMENT"))
    at = scene.clock()
    paid = transaction(state.minter(), "SALE", min(owed, account.balance), GATEWAY, at, exchange=order.exchange)
    scene.record(event("payment_recorded", at, order_id=order.id, transactions=[paid]))


def _fail_payment(scene: Scene, order: Order | None) -> None:
    """A checkout takes credit, then its other payment fails and the credit comes back."""
    account = scene.rng.choice(_with_money(scene.state))
    spent = debit(scene.state, scene.clock(), account, max(1, account.balance // 2), None)
    scene.record(spent)
    scene.record(revert(scene.state, scene.clock(), account.movements[-1], spent["movement"]["uses"]))


def _refund_as_credit(scene: Scene, order: Order | None) -> None:
    """Goodwill for an order goes to the customer's store credit instead of to the payment."""
    if order is None:
        return
    draft = RefundDraft(money=min(1_000, figures(order).net_payment), note="Goodwill, as store credit")
    facts = refund(scene.state, scene.clock(), order, draft)
    paid = [{**one, "gateway": GATEWAY} for one in facts["transactions"]]
    for one in paid:
        one.pop("gift_card_id", None)
    scene.record({**facts, "transactions": paid})


def _expire(scene: Scene, order: Order | None) -> None:
    for ended in _ended(scene.state):
        scene.record(expire(scene.state, scene.clock(), ended))


def _with_money(state: State) -> list[StoreCreditAccount]:
    return [one for one in state.store_credit.values() if one.balance > 0]


def _ended(state: State) -> list[CreditMovement]:
    """Credits with something left after their time."""
    return [
        one
        for account in state.store_credit.values()
        for one in _credits(account)
        if one.expires_at is not None and one.expires_at <= state.now
    ]


HAPPENINGS = (
    Happening(
        "grant_store_credit",
        "A customer is given store credit.",
        _grant,
        possible=lambda state: any(map(_is_known, state.customers.values())),
        weight=0.6,
        per_day=1.0,
    ),
    Happening(
        "use_store_credit",
        "What an order owes is paid with store credit.",
        _use,
        lambda order: order.customer is not None and owes(order),
        weight=0.6,
        per_day=0.5,
    ),
    Happening(
        "refund_to_store_credit",
        "Money for an order goes to store credit.",
        _refund_as_credit,
        lambda order: order.customer is not None and can_refund(order),
        weight=0.4,
        per_day=0.5,
    ),
    Happening(
        "fail_store_credit_payment",
        "A payment with store credit fails and is taken back.",
        _fail_payment,
        possible=lambda state: bool(_with_money(state)),
        weight=0.3,
        per_day=0.4,
    ),
    Happening(
        "expire_store_credit",
        "Store credit whose time is over leaves its account.",
        _expire,
        possible=lambda state: bool(_ended(state)),
        weight=0.3,
        per_day=1.0,
    ),
)


def _movements_that(name: str, what: str, is_one: Callable[[CreditMovement], bool]) -> Case:
    return Case(
        name,
        what,
        lambda state: sum(is_one(one) for account in state.store_credit.values() for one in account.movements),
    )


CASES = (
    _movements_that("store credit granted", "Given for nothing.", lambda one: (one.type, one.event) == GRANTED),
    _movements_that(
        "store credit spent", "It paid for an order.", lambda one: one.type == DEBIT and one.origin is not None
    ),
    _movements_that(
        "store credit refunded to", "An order was refunded to it.", lambda one: one.event == "ORDER_REFUND"
    ),
    _movements_that("store credit reverted", "A payment with it failed.", lambda one: one.type == REVERT),
    _movements_that("store credit expired", "Its time was over.", lambda one: one.type == EXPIRATION),
)
