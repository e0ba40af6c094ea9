#!/usr/bin/env python3
"""Measures what people who log in cost those who ask for evaluations; writes benches/results/logins.md.

  benches/logins/run.py            builds the server, then measures
  benches/logins/run.py build      only builds
  benches/logins/run.py measure    only measures (about two minutes; keep the machine quiet)

It needs cargo, python3 and wrk. Server, wrk and those who log in share all cores of the machine, as the system sees fit.
Each round measures evaluations alone and then beside the logins, so that what disturbs the machine disturbs both alike.
ROUNDS and SECONDS in the environment shorten or lengthen it.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
SERVER = TARGET / "release" / "stitch-server"
RESULT = ROOT / "benches" / "results" / "logins.md"
ROUNDS = int(os.environ.get("ROUNDS", "7"))
SECONDS = int(os.environ.get("SECONDS", "3"))
CLIENTS = 16
CONNECTIONS = (1, 32)
PORT = 18_085
EMAIL, PASSWORD = "ann@example.com", "correct horse"


def build() -> None:
    cargo = ["cargo", "build", "--release", "--locked", "--quiet"]
    subprocess.run([*cargo, "-p", "stitch-server"], cwd=ROOT, check=True)
    subprocess.run([*cargo, "-p", "benches", "--bin", "registry"], cwd=ROOT, check=True)


@contextmanager
def server(scratch: Path):
    """A server with somebody who may log in, answering; ended with the block."""
    store, registry = scratch / "stitch.db", scratch / "registry.json"
    registry.write_bytes(subprocess.run([TARGET / "release" / "registry"], check=True, capture_output=True).stdout)
    add = [SERVER, "users", "add", "--store", store, "--email", EMAIL, "--role", "viewer"]
    subprocess.run(add, input=PASSWORD, text=True, check=True, capture_output=True)
    command = [SERVER, "--port", str(PORT), "--store", store, "--registry", registry, "--sync-addr", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if process.poll() is not None:
                sys.exit("the server does not start")
            try:
                http.client.HTTPConnection("127.0.0.1", PORT).request("GET", "/readyz")
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def logins():
    """Clients that log in without pause, until the block ends; how many have."""
    done = threading.Event()
    counts = [0] * CLIENTS

    def client(index: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        body = json.dumps({"email": EMAIL, "password": PASSWORD})
        while not done.is_set():
            connection.request("POST", "/v1/auth/login", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"a login is answered with {answer.status}")
            counts[index] += 1

    threads = [threading.Thread(target=client, args=(index,)) for index in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield lambda: sum(counts)
    finally:
        done.set()
        for thread in threads:
            thread.join()


def evaluations(connections: int) -> dict:
    wrk = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{SECONDS}s"]
    wrk += ["--script", str(ROOT / "benches" / "server" / "ask.lua"), f"http://127.0.0.1:{PORT}", "--", "eval"]
    output = subprocess.run(wrk, check=True, capture_output=True, text=True).stdout
    result = json.loads(next(line for line in output.splitlines() if line.startswith("RESULT "))[7:])
    if result["failed"]:
        sys.exit(f"{result['failed']} of {result['requests']} evaluations failed:\n{output}")
    return {"rate": result["requests"] / result["microseconds"] * 1e6, "p50": result["p50"], "p99": result["p99"]}


def measure() -> None:
    rows: dict = {}
    with tempfile.TemporaryDirectory() as scratch, server(Path(scratch)):
        for _ in range(ROUNDS):
            for connections in CONNECTIONS:
                rows.setdefault((connections, "alone"), []).append(evaluations(connections))
                with logins() as count:
                    time.sleep(0.2)
                    before, began = count(), time.monotonic()
                    cell = evaluations(connections)
                    cell["logins"] = (count() - before) / (time.monotonic() - began)
                rows.setdefault((connections, "beside"), []).append(cell)
    rows = {cell: {key: statistics.median(one[key] for one in many) for key in many[0]} for cell, many in rows.items()}
    RESULT.write_text(report(rows))
    print(RESULT.read_text())


def report(rows: dict) -> str:
    lines = [
        "## Logins beside evaluations",
        "",
        f"`GET /api/flags/eval` by wrk, alone and beside {CLIENTS} clients that log in without pause. Server, wrk and these clients"
        f" share the {os.cpu_count()} cores. Medians of {ROUNDS} rounds of {SECONDS} s each.",
        "",
        "| connections | | requests a second | p50 µs | p99 µs | logins a second |",
        "|---|---|---|---|---|---|",
    ]
    for connections in CONNECTIONS:
        alone, beside = rows[connections, "alone"], rows[connections, "beside"]
        for name, cell in (("alone", alone), ("beside logins", beside)):
            lines.append(
                f"| {connections} | {name} | {cell['rate']:,.0f} | {cell['p50']:,.0f} | {cell['p99']:,.0f}"
                f" | {cell.get('logins', 0):.0f} |"
            )
        share, p50, p99 = (beside[key] / alone[key] for key in ("rate", "p50", "p99"))
        lines.append(f"| {connections} | of alone | {share:.0%} | {p50:.2f}× | {p99:.2f}× | |")
    return "\n".join([*lines, "", "Again: `benches/logins/run.py`.", ""])


if __name__ == "__main__":
    for step in sys.argv[1:] or ["build", "measure"]:
        {"build": build, "measure": measure}[step]()
