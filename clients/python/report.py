"""One line a check, which check.sh counts."""

import sys
import traceback
from collections.abc import Callable


class Report:
    """Runs checks and remembers whether one failed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.failed = 0

    def check(self, what: str, check: Callable[[], None]) -> None:
        """Runs one check; one that raises has failed."""
        try:
            check()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a failure
            self.failed += 1
            why = str(error) or traceback.format_exc()
            print(f"FAILED {self.name}: {what}: {why}")
        else:
            print(f"ok {self.name}: {what}")

    def end(self) -> None:
        """Leaves, with failure if a check failed."""
        sys.exit(1 if self.failed else 0)


def equal(got: object, expected: object) -> None:
    """Raises unless both are the same, types included."""
    if got != expected or type(got) is not type(expected):
        raise AssertionError(f"got {got!r}, expected {expected!r}")
