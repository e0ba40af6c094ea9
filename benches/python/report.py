"""From pytest-benchmark's figures to `benches/results/python.md`: `report.py OUTPUT FIGURES…`, each of one turn."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from statistics import median

from rows import FLOOR, ROWS, USERS
from test_rows import LIBRARIES, PEERS, STITCH

Figures = dict[tuple[str, str], dict[int, float]]
MISSING = "—"


def read(paths: list[Path]) -> tuple[Figures, dict[str, str]]:
    """Nanoseconds a call by row and way, each turn's median; and the package of each way."""
    figures: Figures = defaultdict(dict)
    packages = {}
    for benchmark in (benchmark for path in paths for benchmark in json.loads(path.read_text())["benchmarks"]):
        told = benchmark["extra_info"]
        figures[told["row"], told["name"]][told["turn"]] = benchmark["stats"]["median"] * 1e9 / len(USERS)
        packages[told["name"]] = told["package"]
    return figures, packages


def nanoseconds(figures: Figures, row: str, name: str) -> str:
    turns = figures.get((row, name))
    return f"{median(turns.values()):,.0f}" if turns else MISSING


def ratio(figures: Figures, row: str, over: str, under: str, without: str | None = None) -> float | None:
    """How many times `under` fits into `over`: the median of the ratios of each turn, less what `without` takes."""
    above, below = figures.get((row, over)), figures.get((row, under))
    if not above or not below:
        return None
    less = figures["A", without] if without else defaultdict(float)
    return median((above[turn] - less[turn]) / (below[turn] - less[turn]) for turn in above)


def times(value: float | None) -> str:
    return f"{value:.1f}×" if value else MISSING


def table(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())


def against_peers(figures: Figures, packages: dict[str, str]) -> str:
    def fastest(row: str, ours: str) -> float | None:
        return min(filter(None, (ratio(figures, row, peer, ours) for peer in PEERS)), default=None)

    lines = []
    for row in ROWS:
        cells = [times(ratio(figures, row, peer, "engine.evaluate")) for peer in PEERS]
        lines.append([row, *cells, *(times(fastest(row, ours)) for ours in STITCH)])
    head = ["row", *(f"{packages[peer]}" for peer in PEERS), *(f"fastest / `{ours}`" for ours in STITCH)]
    absolute = [[row, *(nanoseconds(figures, row, name) for name in [*STITCH, *PEERS])] for row in ROWS]
    names = [*(f"`{ours}`" for ours in STITCH), *(f"{packages[peer]} `{peer}`" for peer in PEERS)]
    return (
        "How many times what `engine.evaluate` takes each library takes, and how many times the fastest of them"
        " takes what each of our ways does:\n\n"
        + table(head, lines)
        + "\nThe same in nanoseconds a call, with the loop over the users; they hold for this machine, this hour:\n\n"
        + table(["row", *names], absolute)
    )


def against_floor(figures: Figures) -> str:
    lines = []
    for row in FLOOR:
        cells = [
            times(ratio({**figures, (row, floor): figures["A", floor]}, row, "flag.bool", floor, without))
            for floor in ("empty.bool", "empty.nothing")
            for without in (None, "loop")
        ]
        lines.append([row, nanoseconds(figures, row, "flag.bool"), *cells])
    head = [
        "row",
        "`flag.bool(context, False)`, ns",
        "/ `empty.bool(context, False)`",
        "without the loop",
        "/ `empty.nothing()`",
        "without the loop",
    ]
    floor = ", ".join(f"`{name}` {nanoseconds(figures, 'A', name)}" for name in ("empty.bool", "empty.nothing", "loop"))
    return (
        "What a handle's `bool` takes, in times of a method of pyo3 that takes the same arguments and does nothing, and"
        f" of one that takes none. In nanoseconds a turn of the loop: {floor} (an empty body).\n\n" + table(head, lines)
    )


def why_missing() -> str:
    reasons = []
    for library in LIBRARIES:
        ways = library.ways()
        for way in next(ways):
            reasons += [f"* {MISSING} {way.package}, row {row}: {reason}." for row, reason in way.missing.items()]
        next(ways, None)
    return "\n".join(reasons)


def main(output_path: str, *figures_paths: str) -> None:
    figures, packages = read([Path(path) for path in figures_paths])
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    rows = "\n".join(f"* {row}: {words}." for row, (_, words) in {**FLOOR, **ROWS}.items())
    versions = ", ".join(f"{package} {version(package)}" for package in dict.fromkeys(packages.values()))
    turns = max(turn for by_turn in figures.values() for turn in by_turn) + 1
    text = f"""## Python

`benches/python/run.sh` builds the wheel and measures this in one run. Each row asks one flag of a registry of a
thousand for {len(USERS)} users, in an order that is drawn anew each time; contexts are built beforehand, but for row H.
eppo-server-sdk and UnleashClient take attributes as a `dict` at each question and have no other way; the others' contexts
are objects that are kept, as ours are.
Every library reads a local registry, reaches no network, and is asked in its best documented way; its answers are
asserted first. The figures are medians of pytest-benchmark, over {turns} turns through all of them; a ratio is taken
within a turn. Each turn is a process of its own, since what lies where in memory can cost as much as half a call.

{rows}

{against_peers(figures, packages)}
{why_missing()}

{against_floor(figures)}
Measured at {commit.stdout.strip()} with {versions}; CPython {platform.python_version()}, {processor()},
{platform.system()} {platform.machine()}.
"""
    Path(output_path).write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
