"""What is raised. The native module raises these too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stitch._stitch import Diagnostic

_SHOWN = 20


class DefinitionsError(ValueError):
    """Refused definitions: everything that is wrong with them.

    >>> import stitch
    >>> try:
    ...     stitch.Engine.from_json('{"schema_version": "1.0", "flags": [{"key": "a"}]}')
    ... except stitch.DefinitionsError as error:
    ...     print(error)
    ...     print(error.diagnostics[0].code, error.diagnostics[0].pointer)
    the definitions are refused
      1:37: error[missing_key] /flags/0: `default_value` is required: say what to serve while the gate is closed
    missing_key /flags/0
    """

    diagnostics: list[Diagnostic]
    """Every problem found, warnings among them, in the order of the document."""
    source: str | None
    """The file, where they came from one."""

    def __init__(self, diagnostics: Sequence[Diagnostic], source: str | None = None) -> None:
        self.diagnostics = list(diagnostics)
        self.source = source
        lines = [f"  {diagnostic}" for diagnostic in self.diagnostics[:_SHOWN]]
        if len(self.diagnostics) > _SHOWN:
            lines.append(f"  … and {len(self.diagnostics) - _SHOWN} more")
        head = "the definitions are refused" if source is None else f"{source}: the definitions are refused"
        super().__init__("\n".join([head, *lines]))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.diagnostics, self.source)


class ContextError(ValueError):
    """A refused context. The message names the argument and how to mend it, never the value.

    >>> import stitch
    >>> stitch.Context(user_id="")
    Traceback (most recent call last):
    stitch.ContextError: user_id: is empty: give the user's stable id, or none at all for an anonymous context
    """

    problems: list[tuple[str, str]]
    """The argument and what is wrong with it, for everything that is."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{argument}: {message}" for argument, message in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


DefinitionsError.__module__ = ContextError.__module__ = "stitch"
