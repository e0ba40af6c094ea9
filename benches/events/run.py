#!/usr/bin/env python3
"""Measures how fast events become durable; writes benches/results/events.md.

  benches/events/run.py            builds the server, then measures
  benches/events/run.py build      only builds
  benches/events/run.py measure    only measures (about two minutes; keep the machine quiet)

It needs two cores, cargo, python3, wrk and perf, and to be allowed to count system calls (root). The server runs on one
core with one worker thread, wrk on another. Rounds are interleaved, so that what disturbs the machine disturbs all
alike. ROUNDS and SECONDS in the environment shorten or lengthen it.
"""

import json
import os
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
SERVER = TARGET / "release" / "stitch-server"
RESULT = ROOT / "benches" / "results" / "events.md"
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = int(os.environ.get("SECONDS", "3"))
CELLS = [(connections, events) for connections in (1, 16, 64) for events in (1, 10, 100)]
SYNCS = "syscalls:sys_enter_fdatasync,syscalls:sys_enter_fsync"


def build() -> None:
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "-p", "stitch-server"], cwd=ROOT, check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cores() -> list[int]:
    cores = sorted(os.sched_getaffinity(0))
    return cores if len(cores) > 1 else sys.exit("two cores are needed: one for the server, one for wrk")


def prepare(store: Path) -> str:
    """A store with a metric and a key, which is returned."""
    def run(*arguments: str) -> str:
        return subprocess.run(
            [SERVER, *arguments, "--store", store], check=True, capture_output=True, text=True
        ).stdout

    run("metrics", "create", "clicks", "--type", "integer")
    made = run("keys", "create", "--env", "prod", "--name", "bench")
    return re.search(r"stitch_[0-9a-f]+_[0-9a-f]+", made)[0]


@contextmanager
def server(store: Path, port: int):
    """The server on its core, answering; ended with the block."""
    command = [SERVER, "--port", port, "--store", store, "--sdk-rate-limit", "0"]
    pinned = ["taskset", "--cpu-list", str(cores()[0]), *map(str, command)]
    environment = os.environ | {"TOKIO_WORKER_THREADS": "1", "STITCH_SYNC_ADDR": "127.0.0.1:0"}
    process = subprocess.Popen(pinned, env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            sys.exit("the server does not start")
        yield process
    finally:
        process.kill()
        process.wait()


def load(process: subprocess.Popen, port: int, key: str, connections: int, events: int) -> dict:
    counting = subprocess.Popen(
        ["perf", "stat", "-x,", "-e", SYNCS, "-p", str(process.pid)], stderr=subprocess.PIPE, text=True
    )
    wrk = ["taskset", "--cpu-list", cores()[1], "wrk", "--threads", 1, "--connections", connections]
    wrk += ["--duration", f"{SECONDS}s", "--script", HERE / "report.lua"]
    wrk += [f"http://127.0.0.1:{port}", "--", key, events]
    output = subprocess.run([*map(str, wrk)], check=True, capture_output=True, text=True).stdout
    counting.send_signal(2)
    counted = counting.communicate()[1]
    result = json.loads(next(line for line in output.splitlines() if line.startswith("RESULT "))[7:])
    if result["failed"]:
        sys.exit(f"{result['failed']} of {result['requests']} calls failed:\n{output}")
    syncs = sum(int(line.split(",")[0]) for line in counted.splitlines() if "sys_enter" in line)
    seconds = result["microseconds"] / 1e6
    return {
        "calls": result["requests"],
        "rate": result["requests"] / seconds,
        "syncs": syncs / seconds,
        "p50": result["p50"],
        "p99": result["p99"],
    }


def bare_syncs(folder: Path) -> float:
    """How often a second one thread can append a page to a file and have it on the disk."""
    file = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY)
    started, count = time.monotonic(), 0
    while time.monotonic() - started < 1:
        os.write(file, bytes(4096))
        os.fdatasync(file)
        count += 1
    elapsed = time.monotonic() - started
    os.close(file)
    return count / elapsed


def stored(store: Path) -> int:
    with sqlite3.connect(store) as connection:
        return connection.execute("SELECT count(*) FROM events").fetchone()[0]


def measure() -> None:
    for tool in ("wrk", "perf", "taskset"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed")
    rows = {cell: [] for cell in CELLS}
    bare = []
    # On the disk that the project is on: /tmp may be memory.
    with tempfile.TemporaryDirectory(dir=TARGET) as scratch:
        for round in range(ROUNDS):
            bare.append(bare_syncs(Path(scratch)))
            for connections, events in CELLS:
                store = Path(scratch) / f"{round}-{connections}-{events}.db"
                key, port = prepare(store), free_port()
                with server(store, port) as process:
                    row = load(process, port, key, connections, events)
                # The process was killed, and whatever it answered is there; what it did not answer may be.
                answered, there = row["calls"] * events, stored(store)
                if not answered <= there <= answered + connections * events:
                    sys.exit(f"{answered} events were answered and {there} are stored")
                rows[connections, events].append(row)
                for file in Path(scratch).glob(store.name + "*"):
                    file.unlink()
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(report(rows, statistics.median(bare)))
    print(RESULT.read_text())


def report(rows: dict, bare: float) -> str:
    lines = [
        "## Events",
        "",
        "`POST /v1/environments/{env}/events` over keep-alive connections to a store in a file with `synchronous=FULL`;"
        " each event has a random id of its own. An answer waits until its events are on the disk."
        f" The same disk takes {bare:,.0f} bare syncs of one page a second from one thread.",
        "",
        "| connections | events a call | calls a second | events a second | syncs a second | calls a sync | p50 ms | p99 ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (connections, events), found in rows.items():
        def median(name: str) -> float:
            return statistics.median(row[name] for row in found)

        rate, syncs = median("rate"), median("syncs")
        lines.append(
            f"| {connections} | {events} | {rate:,.0f} | {rate * events:,.0f} | {syncs:,.0f} | {rate / syncs:.1f}"
            f" | {median('p50') / 1e3:.2f} | {median('p99') / 1e3:.2f} |"
        )
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    lines += [
        "",
        f"* Medians of {ROUNDS} interleaved rounds of {SECONDS} s each, every round on a store of its own; the server on"
        f" one core with one worker thread, wrk on another; commit {commit}.",
        "* After each round the server was killed (SIGKILL), and what it had answered was counted in the file.",
        "* Again: `benches/events/run.py`.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    steps = sys.argv[1:] or ["build", "measure"]
    for step in steps:
        {"build": build, "measure": measure}[step]()
