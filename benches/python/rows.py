"""What is asked: three flags among a thousand, for 256 users; the registry of `benches/src/lib.rs`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

FLAGS = 1_000
USERS = [f"user-{index:07}" for index in range(256)]
TIER = "staff"
ATTRIBUTES = {
    "country": "TH",
    "device": "ios",
    "plan": "pro",
    "language": "th",
    "app_version": "4.2.0",
    "channel": "organic",
    "currency": "THB",
    "cohort": "2026-w47",
}

PLAIN, ONE_RULE, STAGED, DEPENDENT = "plain", "one-rule", "staged", "dependent"

ROWS = {
    "B": (ONE_RULE, "one rule, `tier` is `staff`, which holds"),
    "C": (STAGED, "staged, 50 % by the user's id"),
    "E": (DEPENDENT, "depends on another flag, which has one rule"),
    "H": (STAGED, "building the context of an id, a tier and eight attributes, and asking C"),
}
FLOOR = {"A": (PLAIN, "on for all, no rule"), **{row: ROWS[row] for row in "BCE"}}


def neighbours(named: int) -> Iterator[tuple[str, int]]:
    """The other flags, each staged, with their percentages."""
    for index in range(named, FLAGS):
        yield f"team-{index % 17}.feature-{index}", index % 101


@dataclass(frozen=True)
class Way:
    """A way to ask. `ask` and `build` are Python expressions, so that nothing stands between the loop and the call."""

    name: str
    package: str
    contexts: list[Any]
    ask: str
    """Over `context` and `key`: the answer."""
    build: str
    """Over `user` and `attributes`: a context."""
    value: str = "answer"
    """Over `answer`: its value."""
    names: Callable[[str], dict[str, Any]] = field(default=lambda _key: {})
    """What the expressions name besides, for a flag's key."""
    missing: dict[str, str] = field(default_factory=dict)
    """Rows that cannot be asked so, and why."""

    def run(self, row: str) -> Callable[[], None]:
        """Asks for every user, once."""
        if row == "H":
            return self._compile(row, f"for user in users: context = {self.build}; {self.ask}")
        return self._compile(row, f"for context in contexts: {self.ask}")

    def shuffle(self) -> None:
        """Draws the order anew.

        In one order, asked thousands of times, a processor learns by heart who is in a rollout, some more than others.
        """
        random.shuffle(self.contexts)
        random.shuffle(USERS)

    def answers(self, row: str) -> list[bool]:
        """What `run` is answered."""
        value = self.value.replace("answer", f"({self.ask})")
        loops = f"for user in users for context in [{self.build}]" if row == "H" else "for context in contexts"
        return self._compile(row, f"return [{value} {loops}]")()

    def _compile(self, row: str, body: str) -> Callable[[], Any]:
        key = {**FLOOR, **ROWS}[row][0]
        names = {"contexts": self.contexts, "users": USERS, "attributes": ATTRIBUTES, "key": key, **self.names(key)}
        # As defaults of arguments they are local variables, the cheapest there are.
        arguments = ", ".join(f"{name}={name}" for name in names)
        exec(f"def run({arguments}):\n  {body}", names)
        return names["run"]


def check(row: str, answers: list[bool]) -> None:
    """Whether the answers are those of the row; who is within a percentage is each library's own matter."""
    assert len(answers) == len(USERS)
    assert {type(answer) for answer in answers} <= {bool}
    if row in ("C", "H"):
        assert 90 <= sum(answers) <= 166, f"{sum(answers)} of 256 are in at 50 %"
    else:
        assert all(answers)
