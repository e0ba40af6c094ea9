"""The words and shapes of the interface, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypedDict, Union

Reason: TypeAlias = Literal[
    "flag_not_found",
    "flag_invalid",
    "paused",
    "rolled_back",
    "dep_unsatisfied",
    "approval_missing",
    "user_override",
    "tenant_override",
    "staged_in",
    "staged_out",
    "unit_missing",
    "stage_internal",
    "stage_pilot",
    "stage_full",
    "default",
]
"""Why a flag answered as it did."""

Severity: TypeAlias = Literal["error", "warning"]
"""Whether a diagnostic refuses the definitions."""

Status: TypeAlias = Literal["starting", "ready", "stale"]
"""Whether what a client serves is the newest."""

ValueType: TypeAlias = Literal["boolean", "string", "integer", "double", "object"]
"""The type of a flag's values."""

FlagValue: TypeAlias = Union[bool, str, int, float, dict[str, Any], list[Any], None]  # noqa: UP007
"""What a flag serves; None where there is no such flag."""

AttributeValue: TypeAlias = Union[str, bool, int, float, Sequence[Union[str, int, float]], None]  # noqa: UP007
"""What an attribute of a context can be; None is absent."""


class ContextFields(TypedDict, total=False):
    """The fields of a context as keyword arguments."""

    user_id: str | None
    kind: str | None
    tenant_id: str | None
    tier: str | None
    env: str | None
    role_key: str | None
    attributes: Mapping[str, AttributeValue] | None
    overrides: Mapping[str, Mapping[str, Any] | None] | None
    approvals: Mapping[str, str | None] | None
    now: datetime | int | None
