"""What the world can answer: resolvers by type and field, root connections, searchable nested connections.

Belongs here: the joint between the world's view (``resources``) and the platform's own objects (bulk operations,
webhook subscriptions, the app installation). How a query walks it is in ``projection.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shopify_sandbox.world.currency import Exchange

Resolver = Callable[[Any, Any, Mapping[str, Any]], Any]
Filters = Mapping[str, tuple[str, Callable[[Any], Any]]]


class RootConnection(Protocol):
    """A connection at the root of the schema: every record of one type, sortable and searchable."""

    @property
    def type(self) -> str: ...

    @property
    def records(self) -> Callable[[Any], Sequence[Any]]: ...

    @property
    def default_sort(self) -> str: ...

    @property
    def sort_keys(self) -> Mapping[str, Callable[[Any], Any]]: ...

    @property
    def filters(self) -> Filters: ...


@dataclass(frozen=True)
class Model:
    """Everything a query can reach.

    ``resolvers`` is [type][field]; a resolver takes (store, record, arguments) and gives a leaf value, a record, a list
    of records, or for a connection the full list of child records. ``objects`` and ``mutations`` are the root fields
    that are no connections; their record is the running ``Execution``. ``platform`` names the root fields that do not
    read the world, and so need not wait for whoever holds its lock. ``newest_first`` names the roots that are sorted
    downwards unless ``reverse`` is asked for. ``narrowed`` says, by root, whether a record is shown under the arguments
    that are the root's own, such as ``topics``. ``exchanges`` gives, by type, what the amounts below a record are worth
    in the shop's currency; None when they are in it. ``nested_sorts`` gives, by type and connection, what a nested
    connection can be sorted by beyond its own order; ``single`` names the types there is one record of, so that the
    order of what is below it can be kept.
    """

    resolvers: Mapping[str, Mapping[str, Resolver]]
    typename: Callable[[Any], str]
    roots: Mapping[str, RootConnection]
    objects: Mapping[str, Resolver]
    nested_filters: Mapping[tuple[str, str], Filters]
    mutations: Mapping[str, Resolver]
    platform: frozenset[str]
    newest_first: frozenset[str] = frozenset()
    narrowed: Mapping[str, Callable[[Any, Mapping[str, Any]], bool]] = field(default_factory=dict)
    exchanges: Mapping[str, Callable[[Any], Exchange | None]] = field(default_factory=dict)
    nested_sorts: Mapping[tuple[str, str], Mapping[str, Callable[[Any], Any]]] = field(default_factory=dict)
    single: frozenset[str] = frozenset()

    def gid(self, store: Any, record: Any) -> str | None:
        """Give the global id of a record; None for the few types that have none."""
        resolver = self.resolvers.get(self.typename(record), {}).get("id")
        return None if resolver is None else resolver(store, record, {})


def key_of(gid: str | None, place: int) -> int | str:
    """Give the id a cursor carries: the number of a gid, all of its tail when that is no number, else the place."""
    if gid is None:
        return place
    tail = gid.rsplit("/", 1)[-1]
    return int(tail) if tail.isdigit() else tail


@dataclass(frozen=True)
class PlatformRoot:
    """A root connection of the platform's own objects, which are not part of the world."""

    type: str
    records: Callable[[Any], Sequence[Any]]
    default_sort: str
    sort_keys: Mapping[str, Callable[[Any], Any]]
    filters: Filters
