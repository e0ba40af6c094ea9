"""Every way on every row: a turn, which `run.sh` takes several of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from rows import FLOOR, ROWS, Way, check
from ways import eppo, flagd, growthbook_way, statsig, stitch_ways, unleash

TURN = int(os.environ.get("TURN", "0"))
ROUNDS = 300
LIBRARIES = [stitch_ways, eppo, statsig, growthbook_way, flagd, unleash]
STITCH = ["engine.evaluate", "engine.bool", "flag.evaluate", "flag.bool"]
PEERS = ["get_boolean_assignment", "check_gate", "is_on", "resolve_boolean_value", "is_enabled"]

CASES = [(row, name) for row in ROWS for name in [*STITCH, *PEERS]]
CASES += [("A", name) for name in ["loop", "empty.nothing", "empty.bool", "flag.bool"]]


@pytest.fixture(scope="session")
def ways() -> Iterator[dict[str, Way]]:
    with ExitStack() as stack:
        found = [stack.enter_context(contextmanager(library.ways)()) for library in LIBRARIES]
        yield {way.name: way for library in found for way in library}


@pytest.mark.parametrize(("row", "name"), CASES)
def test_answers(ways: dict[str, Way], row: str, name: str) -> None:
    way = ways[name]
    if row in way.missing:
        pytest.skip(way.missing[row])
    if name not in ("loop", "empty.nothing"):
        check(row, way.answers(row))


@pytest.mark.parametrize(("row", "name"), CASES)
def test_cost(ways: dict[str, Way], benchmark: Any, row: str, name: str) -> None:
    way = ways[name]
    if row in way.missing:
        pytest.skip(way.missing[row])
    benchmark.extra_info.update(turn=TURN, row=row, name=name, package=way.package)
    benchmark.pedantic(way.run(row), setup=way.shuffle, rounds=ROUNDS, warmup_rounds=20)


def test_every_row_is_asked() -> None:
    assert {row for row, _ in CASES} == {*ROWS, *FLOOR}
