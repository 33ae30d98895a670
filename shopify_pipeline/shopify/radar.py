"""API radar: what of a newer Admin API version touches what we send and read.

Here: comparing our contract with a published schema, both as data. The contract (``contract.json``) is generated from
the documents and the schema of the pinned version; nothing here parses GraphQL.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from shopify_pipeline.errors import ConfigError

Kind = Literal["breaking", "deprecated", "new"]
Json = Mapping[str, Any]

SCHEMA_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """One difference that touches us.

    Attributes:
        kind: ``breaking``: what we send or read is no longer so; ``deprecated``: it will not be for ever; ``new``: what
            we read can be something we have not met.
        where: Schema coordinate (``Order.name``, ``Order.refunds(first:)``, ``OrderReturnStatus.RETURNED``).
        operations: Our operations it is used in, sorted.
    """

    kind: Kind
    where: str
    says: str
    operations: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@cache
def contract() -> Json:
    """What our documents ask of the pinned version: fields with arguments, enums, inputs, members of unions."""
    text = resources.files(__package__).joinpath("contract.json").read_text("utf-8")
    found: Json = json.loads(text)
    return found


def read_schema(path: Path) -> Json:
    """Read a published schema: introspection JSON, plain or gzip, with or without the scopes beside it.

    Raises:
        ConfigError: The file is missing, too large, or holds no introspection result.
    """
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, SCHEMA_BYTES_MAX)
        content = json.loads(raw)
        types = (content.get("data") or content)["__schema"]["types"]
        return {"types": {each["name"]: each for each in types}, "access": _access(content)}
    except OSError as exc:
        raise ConfigError(f"the schema cannot be read: {exc.strerror}: {path}") from exc
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ConfigError(
            f"{path} holds no published schema: an introspection result as JSON is wanted, plain or gzip"
        ) from exc


def compare(asked: Json, schema: Json) -> list[Finding]:
    """Say what of ``schema`` touches what is asked; breaking first, then by coordinate.

    Args:
        asked: As ``contract`` gives it.
        schema: As ``read_schema`` gives it.
    """
    types: Json = schema["types"]
    found = [
        *_each(asked["fields"], lambda where, said: _field(types, where, said)),
        *_each(asked["inputs"], lambda where, said: _input(types, where, said)),
        *_each(asked["enums"], lambda where, said: _enum(types, where, said)),
        *_each(asked["members"], lambda where, said: _members(types, where, said)),
        *_each(asked["access"], lambda where, said: _scopes(schema["access"], where, said)),
    ]
    order = {"breaking": 0, "deprecated": 1, "new": 2}
    return sorted(found, key=lambda finding: (order[finding.kind], finding.where))


def _each(asked: Json, judge: Callable[[str, Json], Iterator[tuple[Kind, str, str]]]) -> Iterator[Finding]:
    for where, said in asked.items():
        for kind, place, says in judge(where, said):
            yield Finding(kind, place, says, tuple(said["operations"]))


def _field(types: Json, where: str, said: Json) -> Iterator[tuple[Kind, str, str]]:
    now = _named(types, where, "fields")
    if now is None:
        yield "breaking", where, "is gone"
        return
    was, is_now = said["type"], type_text(now["type"])
    if was.replace("!", "") != is_now.replace("!", ""):
        yield "breaking", where, f"was {was}, is {is_now}"
    elif was.count("!") > is_now.count("!"):
        yield "breaking", where, f"was {was}, is {is_now}: it may be null now"
    elif was != is_now:
        yield "new", where, f"was {was}, is {is_now}: it is never null now"
    if now.get("isDeprecated") and not said["deprecated"]:
        yield "deprecated", where, "is deprecated now"
    yield from _given(lambda name: f"{where}({name}:)", said["arguments"], said["deprecated_arguments"], now["args"])


def _input(types: Json, where: str, said: Json) -> Iterator[tuple[Kind, str, str]]:
    """An input type we fill: the fields we may give, and what it demands."""
    if (types.get(where) or {}).get("inputFields") is None:
        yield "breaking", where, "is gone"
    else:
        fields = types[where]["inputFields"]
        yield from _given(lambda name: f"{where}.{name}", said["fields"], said["deprecated"], fields)


def _given(
    place: Callable[[str], str], said: Json, deprecated: Collection[str], now: Iterable[Json]
) -> Iterator[tuple[Kind, str, str]]:
    """Arguments or input fields we give, by name and type: each must still be taken, and nothing more be demanded."""
    takes = {each["name"]: each for each in now}
    for name, was in said.items():
        if name not in takes:
            yield "breaking", place(name), "is gone"
        elif not accepts(type_text(takes[name]["type"]), was):
            yield "breaking", place(name), f"took {was}, takes {type_text(takes[name]['type'])}"
        elif takes[name].get("isDeprecated") and name not in deprecated:
            yield "deprecated", place(name), "is deprecated now"
    for name, each in takes.items():
        if _is_required(each) and name not in said:
            yield "breaking", place(name), "must be given now"


def _enum(types: Json, where: str, said: Json) -> Iterator[tuple[Kind, str, str]]:
    values = _by_name(types.get(where), "enumValues")
    if values is None:
        yield "breaking", where, "is gone"
        return
    for name in sorted(set(values) - set(said["values"])) if said["read"] else ():
        yield "new", f"{where}.{name}", "is a value we have not met"
    for name in sorted(set(said["values"]) - set(values)):
        if name in said["given"]:
            yield "breaking", f"{where}.{name}", "is gone, and we send it"
        else:
            yield "new", f"{where}.{name}", "is gone"
    for name in sorted(set(said["values"]) & set(values)):
        if values[name].get("isDeprecated") and name not in said["deprecated"]:
            yield "deprecated", f"{where}.{name}", "is deprecated now"


def _members(types: Json, where: str, said: Json) -> Iterator[tuple[Kind, str, str]]:
    """An interface or union we look into: the types it can be."""
    possible = _by_name(types.get(where), "possibleTypes")
    if possible is None:
        yield "breaking", where, "is gone"
        return
    for name in sorted(set(possible) - set(said["possible"])):
        yield "new", f"{where} = {name}", "is a type we have not met"
    for name in sorted(set(said["possible"]) - set(possible)):
        yield "new", f"{where} = {name}", "is gone"


def _scopes(access: Json | None, where: str, said: Json) -> Iterator[tuple[Kind, str, str]]:
    if access is None:
        return
    needed, sufficed = access.get(where), set(said["scopes"])
    if needed and not sufficed <= set(needed):
        yield "breaking", where, f"needs one of the scopes {', '.join(sorted(needed))} now"


def accepts(wanted: str, given: str) -> bool:
    """Whether a place of input type ``wanted`` takes what was declared as ``given``: only a null can be in the way."""
    return wanted == given or wanted == given.removesuffix("!")


def type_text(reference: Json) -> str:
    """Write an introspected type reference as GraphQL does, such as ``[String!]!``."""
    if reference["kind"] == "NON_NULL":
        return f"{type_text(reference['ofType'])}!"
    if reference["kind"] == "LIST":
        return f"[{type_text(reference['ofType'])}]"
    return str(reference["name"])


def _named(types: Json, where: str, kind: str) -> Json | None:
    owner, _, name = where.partition(".")
    found = _by_name(types.get(owner), kind)
    return None if found is None else found.get(name)


def _by_name(type_: Json | None, kind: str) -> dict[str, Json] | None:
    listed = None if type_ is None else type_.get(kind)
    return None if listed is None else {each["name"]: each for each in listed}


def _is_required(argument: Json) -> bool:
    return bool(argument["type"]["kind"] == "NON_NULL" and argument.get("defaultValue") is None)


def _access(content: Json) -> Json | None:
    """Scopes of which one suffices, by type and by field; None when the file does not say."""
    if "access" in content:
        return {where: scopes for where, (scopes, _) in content["access"].items()}
    if "offline_scopes" not in content:
        return None
    return {
        each["typeName"] + (f".{each['fieldName']}" if each["type"] == "field" else ""): each["offlineScopes"]
        for each in content["offline_scopes"]["items"]
        if each["offlineScopes"]
    }
