#!/usr/bin/env python3
"""Measures servers that share a PostgreSQL store; writes benches/results/replicas.md.

  benches/replicas/run.py            builds the server, then measures
  benches/replicas/run.py measure    only measures (about three minutes; keep the machine quiet)

How soon what one server writes shows on another, with Redis and without; and events a second on PostgreSQL beside
SQLite, in one run. It needs what benches/events/run.py needs, psql, and a PostgreSQL and a Redis on this machine:
STITCH_TEST_POSTGRES and STITCH_TEST_REDIS in the environment name others than those on the usual ports. ROUNDS, SECONDS
and WRITES shorten or lengthen it.
"""

import http.client
import importlib.util
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ.setdefault("SECONDS", "2")
spec = importlib.util.spec_from_file_location("events", HERE.parent / "events" / "run.py")
events = importlib.util.module_from_spec(spec)
spec.loader.exec_module(events)

RESULT = events.ROOT / "benches" / "results" / "replicas.md"
POSTGRES = os.environ.get("STITCH_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("STITCH_TEST_REDIS", "redis://127.0.0.1:6379")
WRITES = int(os.environ.get("WRITES", "500"))
UNTOLD = int(os.environ.get("UNTOLD", "30"))
CELLS = [(connections, count) for connections in (1, 16, 64) for count in (1, 10)]
SCHEMA = "stitch_bench"
STORE = f"{POSTGRES}{'&' if '?' in POSTGRES else '?'}options=-csearch_path%3D{SCHEMA}"


def sql(statement: str) -> str:
    command = ["psql", POSTGRES, "--quiet", "--no-align", "--tuples-only", "--command", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def schema():
    """An empty one, gone with the block."""
    drop = f"SET client_min_messages = error; DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"
    sql(f"{drop}; CREATE SCHEMA {SCHEMA}")
    try:
        yield STORE
    finally:
        sql(drop)


@contextmanager
def replica(*arguments: str):
    """A server, answering; a connection to it."""
    port = events.free_port()
    command = [events.SERVER, "--port", port, "--store", STORE, "--sync-addr", "127.0.0.1:0", *arguments]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            sys.exit("the server does not start")
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection
    finally:
        process.terminate()
        process.wait()


def ask(connection, method: str, path: str, body=None, token=None) -> dict:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {text.decode()}")
    return json.loads(text)


def propagation(count: int, *arguments: str) -> list[float]:
    """Milliseconds from when a write is answered by one server until another one acts on it."""
    with schema() as store:
        add = [events.SERVER, "users", "add", "--email", "ann@example.com", "--role", "admin", "--store", store]
        with replica(*arguments) as writer, replica(*arguments) as reader:
            subprocess.run(list(map(str, add)), input="correct horse\n", text=True, check=True, capture_output=True)
            # Until both look at the store by themselves.
            time.sleep(3)
            login = {"email": "ann@example.com", "password": "correct horse"}
            token = ask(writer, "POST", "/v1/auth/login", login)["token"]
            times = []
            flag = {"key": "bench", "type": "integer", "variants": {"v": 0}, "serve": "v", "default_value": -1}
            flag = ask(writer, "POST", "/v1/flags", flag, token)
            stage = {"rollout_stage": "full", "revision": flag["revision"]}
            revision = ask(writer, "PATCH", "/api/flags/bench/stage", stage, token)["data"]["revision"]
            # Until the other one knows the flag, however it hears of it.
            time.sleep(3)
            for number in range(1, count + 1):
                changed = {"key": "bench", "type": "integer", "variants": {"v": number}, "serve": "v"}
                changed |= {"default_value": -1, "revision": revision}
                revision = ask(writer, "PUT", "/v1/flags/bench", changed, token)["revision"]
                answered = time.perf_counter()
                while ask(reader, "GET", "/api/flags/eval?key=bench&user=U")["data"]["value"] != number:
                    time.sleep(0.0002)
                times.append((time.perf_counter() - answered) * 1e3)
            return times


def throughput() -> dict:
    rows = {(name, cell): [] for cell in CELLS for name in ("SQLite", "PostgreSQL")}
    with tempfile.TemporaryDirectory(dir=events.TARGET) as scratch:
        for round in range(events.ROUNDS):
            for connections, count in CELLS:
                cell = (connections, count)
                file = Path(scratch) / f"{round}-{connections}-{count}.db"
                rows["SQLite", cell].append(one(file, cell, lambda: events.stored(file)))
                with schema() as store:
                    stored = lambda: int(sql(f"SELECT count(*) FROM {SCHEMA}.events"))
                    rows["PostgreSQL", cell].append(one(store, cell, stored))
    return rows


def one(store, cell: tuple[int, int], stored) -> dict:
    connections, count = cell
    key, port = events.prepare(store), events.free_port()
    with events.server(store, port) as process:
        row = events.load(process, port, key, connections, count)
    answered, there = row["calls"] * count, stored()
    if not answered <= there <= answered + connections * count:
        sys.exit(f"{answered} events were answered and {there} are stored")
    return row


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def measure() -> None:
    told = propagation(WRITES, "--redis", REDIS, "--redis-channel", "stitch.bench")
    untold = propagation(UNTOLD)
    RESULT.write_text(report(told, untold, throughput()))
    print(RESULT.read_text())


def report(told: list[float], untold: list[float], rows: dict) -> str:
    lines = [
        "## Servers that share a store",
        "",
        "From when a write of a flag is answered by one server until an evaluation of another one says so, two servers on"
        " one PostgreSQL, all of it on one machine.",
        "",
        "| | writes | p50 ms | p99 ms | slowest ms |",
        "|---|---|---|---|---|",
    ]
    for name, times in (("with Redis", told), ("without", untold)):
        spread = " | ".join(f"{value:,.1f}" for value in (percentile(times, 0.5), percentile(times, 0.99), max(times)))
        lines.append(f"| {name} | {len(times)} | {spread} |")
    lines += [
        "",
        "`POST /v1/environments/{env}/events`, each answered once it is on the disk; `fsync` and `synchronous_commit` are on.",
        "",
        "| connections | events a call | SQLite, events a second | PostgreSQL, events a second | ratio | SQLite p99 ms | PostgreSQL p99 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for cell in CELLS:
        def median(store: str, name: str) -> float:
            return statistics.median(row[name] for row in rows[store, cell])

        rates = [median(store, "rate") * cell[1] for store in ("SQLite", "PostgreSQL")]
        tails = [median(store, "p99") / 1e3 for store in ("SQLite", "PostgreSQL")]
        lines.append(
            f"| {cell[0]} | {cell[1]} | {rates[0]:,.0f} | {rates[1]:,.0f} | {rates[1] / rates[0]:.2f}"
            f" | {tails[0]:.2f} | {tails[1]:.2f} |"
        )
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=events.ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    lines += [
        "",
        f"* Medians of {events.ROUNDS} interleaved rounds of {events.SECONDS} s each; the server on one core with one worker"
        f" thread, wrk on another, PostgreSQL on both; commit {commit}.",
        "* After each round the server was killed (SIGKILL), and what it had answered was counted in the store.",
        "* Again: `benches/replicas/run.py`.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for step in sys.argv[1:] or ["build", "measure"]:
        {"build": events.build, "measure": measure}[step]()
