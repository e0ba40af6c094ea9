"""A served value as the type that a client asks for, without loss; None where it cannot be read so."""

from __future__ import annotations

from typing import Any

_INT64 = range(-(2**63), 2**63)


def to_boolean(value: Any) -> bool | None:
    """Booleans only."""
    return value if isinstance(value, bool) else None


def to_string(value: Any) -> str | None:
    """Strings only."""
    return value if isinstance(value, str) else None


def to_integer(value: Any) -> int | None:
    """Integers, and floats whose value is an integer within 64 bits; a boolean never is a number."""
    if isinstance(value, float) and value.is_integer() and int(value) in _INT64:
        return int(value)
    return value if type(value) is int else None


def to_float(value: Any) -> float | None:
    """Floats, and integers that are exact as a double."""
    if type(value) is int and float(value) == value:  # Python compares the two exactly
        return float(value)
    return value if isinstance(value, float) else None


def to_object(value: Any) -> dict[str, Any] | list[Any] | None:
    """Objects and arrays."""
    return value if isinstance(value, (dict, list)) else None
