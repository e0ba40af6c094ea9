"""For whom an OpenFeature client asks, as the contract has it: section 3 of `spec/openfeature.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from stitch import Context, ContextError

if TYPE_CHECKING:
    from openfeature.evaluation_context import EvaluationContext

_TEXTS = ("user_id", "kind", "tenant_id", "tier", "env", "role_key")
_RESERVED = ("attributes", "overrides", "approvals")


def read_context(asked: EvaluationContext, clock: Callable[[], int]) -> Context | str:
    """The context, with the clock's time where it brings none; or everything that is wrong with it, as one message."""
    fields: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for name, value in asked.attributes.items():
        if value is None:
            continue
        if name in _RESERVED:
            problems.append((name, "is reserved: name the attribute otherwise"))
        elif name in _TEXTS or name == "now":
            fields[name] = value
        elif isinstance(value, datetime):
            text = rfc3339(value)
            attributes[name] = text
            if text is None:
                problems.append((name, "must be an aware date-time of the years 0001 to 9999 in UTC"))
        else:
            attributes[name] = as_list(value)
    if asked.targeting_key is not None:
        if not isinstance(fields.get("user_id", ""), str):
            problems.append(("user_id", "must be a str"))
        fields["user_id"] = asked.targeting_key
    if "now" not in fields:
        fields["now"] = clock()
    if not problems:
        try:
            return Context(attributes=attributes, **fields)
        except (ContextError, TypeError):
            pass  # every problem at once, each with its field, is told below
    names = {"user_id": "targeting_key"} if asked.targeting_key is not None else {}
    problems += [(names.get(name, name), message) for name, message in find_problems(fields, attributes)]
    return "; ".join(f"`{name}` {message}" for name, message in sorted(problems))


def find_problems(fields: Mapping[str, Any], attributes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong, field by field; no value is in it."""
    arguments: list[tuple[str, dict[str, Any]]] = [(name, {name: value}) for name, value in fields.items()]
    arguments += [(name, {"attributes": {name: value}}) for name, value in attributes.items()]
    is_clean = True
    for name, argument in arguments:
        try:
            Context(**argument)
        except (ContextError, TypeError) as error:
            is_clean = False
            yield name, message_of(error)
    if is_clean:
        try:
            Context(attributes=attributes, **fields)
        except (ContextError, TypeError) as error:
            yield "context", message_of(error)


def message_of(error: ContextError | TypeError) -> str:
    """Without the place, which the field's name says here."""
    if isinstance(error, ContextError):
        return error.problems[0][1]
    text = str(error)
    return text[text.rfind("must be") :] if "must be" in text else text


def as_list(value: Any) -> Any:
    """A sequence of another kind as a list."""
    is_text = isinstance(value, (str, bytes, bytearray, memoryview))
    return list(value) if isinstance(value, Sequence) and not is_text else value


def rfc3339(instant: datetime) -> str | None:
    """The instant in UTC, the fraction only where there is one; None where it is none, or beyond the calendar."""
    if instant.utcoffset() is None:
        return None
    try:
        text = instant.astimezone(timezone.utc).replace(tzinfo=None).isoformat()
    except OverflowError:
        return None
    return (text.rstrip("0") if "." in text else text) + "Z"
