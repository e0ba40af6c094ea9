#!/usr/bin/env python3
"""Measures stitch-server beside the smallest axum server and a FastAPI service; writes benches/results/server.md.

  benches/server/run.py            builds everything, then measures
  benches/server/run.py build      only builds
  benches/server/run.py measure    only measures (about four minutes; keep the machine quiet)
  benches/server/run.py check      only asks each, and asserts that the answers are the same

It needs two cores, cargo, python3 and wrk (Debian and Ubuntu: apt install wrk). The servers run on one core with one
worker thread each, wrk on another. Rounds are interleaved, so that what disturbs the machine disturbs all alike.
ROUNDS and SECONDS in the environment shorten or lengthen it.
"""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "benches" / "python"))
from rows import ATTRIBUTES  # noqa: E402

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
FLOOR_TARGET = TARGET / "floor"
VENV = HERE / "fastapi" / ".venv"
RESULT = ROOT / "benches" / "results" / "server.md"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS", "3"))
SERVER_CORE, CLIENT_CORE = sorted(os.sched_getaffinity(0))[:2] if len(os.sched_getaffinity(0)) > 1 else (None, None)
CONNECTIONS = (32, 64)
# Who is asked what.
CELLS = [("stitch", "eval"), ("floor", "eval"), ("fastapi", "eval")]
CELLS += [("stitch", "ofrep"), ("floor", "ofrep"), ("fastapi", "ofrep"), ("stitch", "batch")]
SAME_VERSIONS = ("axum", "hyper", "hyper-util", "tokio")


def versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r'name = "([^"]+)"\nversion = "([^"]+)"', lock.read_text()))


def build() -> None:
    cargo = ["cargo", "build", "--release", "--locked", "--quiet"]
    subprocess.run([*cargo, "-p", "stitch-server"], cwd=ROOT, check=True)
    subprocess.run([*cargo, "-p", "benches", "--bin", "registry"], cwd=ROOT, check=True)
    subprocess.run([*cargo, "--target-dir", FLOOR_TARGET], cwd=HERE / "floor", check=True)
    if not (VENV / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    pip = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", HERE / "fastapi" / "requirements.txt"], check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def server(command: list, port: int, environment: dict[str, str]):
    """A server on its core, answering; ended with the block."""
    environment = os.environ | {"TOKIO_WORKER_THREADS": "1"} | environment
    pinned = ["taskset", "--cpu-list", str(SERVER_CORE), *map(str, command)]
    process = subprocess.Popen(pinned, env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if process.poll() is not None:
                sys.exit(f"{command[0]} does not start")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def ask(port: int, path: str, body: dict | None = None) -> bytes:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json", "Host": "localhost"}
    )
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def ask_both(port: int) -> dict[str, bytes]:
    """One answer of each of the two routes, as wrk asks for it (`ask.lua`)."""
    context = {"targetingKey": "user-0000000", "tier": "staff", "env": "prod", **ATTRIBUTES}
    return {
        "eval": ask(port, "/api/flags/eval?key=dependent&user=user-0000000&tier=staff&env=prod"),
        "ofrep": ask(port, "/ofrep/v1/evaluate/flags/dependent", {"context": context}),
    }


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(process: subprocess.Popen, port: int, route: str, connections: int, seconds: int) -> dict:
    wrk = ["taskset", "--cpu-list", str(CLIENT_CORE), "wrk", "--threads", "1"]
    wrk += ["--connections", str(connections), "--duration", f"{seconds}s", "--script", HERE / "ask.lua"]
    attributes = json.dumps(ATTRIBUTES, separators=(",", ":"))
    before = cpu_seconds(process.pid)
    output = subprocess.run(
        [*map(str, wrk), f"http://127.0.0.1:{port}", "--", route, attributes], check=True, capture_output=True, text=True
    ).stdout
    result = json.loads(next(line for line in output.splitlines() if line.startswith("RESULT "))[7:])
    if result["failed"]:
        sys.exit(f"{result['failed']} of {result['requests']} requests for {route} failed:\n{output}")
    elapsed = result["microseconds"] / 1e6
    busy = (cpu_seconds(process.pid) - before) / elapsed
    return {"rate": result["requests"] / elapsed, "p50": result["p50"], "p99": result["p99"], "busy": busy}


def check() -> None:
    compare(measuring=False)


def measure() -> None:
    compare(measuring=True)


def compare(measuring: bool) -> None:
    if CLIENT_CORE is None:
        sys.exit("two cores are needed: one for the servers, one for wrk")
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt install wrk")
    ours, floors = versions(ROOT / "Cargo.lock"), versions(HERE / "floor" / "Cargo.lock")
    for name in SAME_VERSIONS:
        if ours[name] != floors[name]:
            sys.exit(f"the floor has {name} {floors[name]}, the server {ours[name]}: cargo update -p {name} --precise")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        registry = scratch / "registry.json"
        registry.write_bytes(subprocess.run([TARGET / "release" / "registry"], check=True, capture_output=True).stdout)
        ports = {name: free_port() for name in ("stitch", "floor", "fastapi")}
        stitch = [TARGET / "release" / "stitch-server", "--port", ports["stitch"], "--registry", registry]
        running = {"stitch": stack.enter_context(server(stitch, ports["stitch"], {"STITCH_STORE": "memory", "STITCH_SYNC_ADDR": "127.0.0.1:0"}))}
        answers = ask_both(ports["stitch"])
        for route, answer in answers.items():
            (scratch / route).write_bytes(answer)
        floor = [FLOOR_TARGET / "release" / "floor", ports["floor"], scratch / "eval", scratch / "ofrep"]
        running["floor"] = stack.enter_context(server(floor, ports["floor"], {}))
        uvicorn = [VENV / "bin" / "uvicorn", "service:app", "--app-dir", HERE / "fastapi", "--port", ports["fastapi"]]
        uvicorn += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        uvicorn += ["--no-proxy-headers", "--no-server-header", "--no-date-header"]
        environment = {"REGISTRY": str(registry)}
        running["fastapi"] = stack.enter_context(server(uvicorn, ports["fastapi"], environment))
        same_answers(answers, ask_both(ports["fastapi"]))
        if not measuring:
            return
        rows = rounds(running, ports)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(report(rows, {route: len(answer) for route, answer in answers.items()}, ours))
    print(RESULT.read_text())


def same_answers(ours: dict[str, bytes], theirs: dict[str, bytes]) -> None:
    """The FastAPI service decides as the server does, or the comparison is of nothing."""
    assert json.loads(ours["eval"])["data"] == json.loads(theirs["eval"])["data"], theirs
    assert json.loads(ours["ofrep"]) == json.loads(theirs["ofrep"]), theirs


def rounds(running: dict, ports: dict) -> dict:
    results: dict = {}
    for server_name, route in CELLS:
        load(running[server_name], ports[server_name], route, CONNECTIONS[-1], 1)
    for _ in range(ROUNDS):
        for connections in CONNECTIONS:
            for server_name, route in CELLS:
                cell = load(running[server_name], ports[server_name], route, connections, SECONDS)
                results.setdefault((server_name, route, connections), []).append(cell)
    return {
        cell: {key: statistics.median(one[key] for one in several) for key in several[0]}
        for cell, several in results.items()
    }


def report(rows: dict, sizes: dict[str, int], ours: dict[str, str]) -> str:
    rate = lambda *cell: rows[cell]["rate"]  # noqa: E731
    p99 = lambda *cell: rows[cell]["p99"]  # noqa: E731
    lines = [
        "## The server",
        "",
        "`GET /api/flags/eval` and OFREP's single evaluation over keep-alive connections, with everything on that a user"
        " has on: request ids, metrics, limits, guards, logs at their default level; in dev mode and without TLS, as the"
        " others are. Beside it the smallest axum server"
        " that reads the same request and answers a fixed body of the same size"
        " (`benches/server/floor`), and the same"
        " flags decided by plain Python behind FastAPI and uvicorn (`benches/server/fastapi`).",
        "",
        "| what | connections | measured | bar |",
        "|---|---|---|---|",
    ]
    for route in ("eval", "ofrep"):
        for connections in CONNECTIONS:
            ratio = rate("stitch", route, connections) / rate("floor", route, connections)
            tail = p99("stitch", route, connections) / p99("floor", route, connections)
            python = rate("stitch", route, connections) / rate("fastapi", route, connections)
            lines.append(f"| {route}: requests a second, of the smallest axum server's | {connections} | {ratio:.0%} | 75 % |")
            lines.append(f"| {route}: 99th percentile, times the smallest axum server's | {connections} | {tail:.2f} | 1.5 |")
            lines.append(f"| {route}: requests a second, times FastAPI's | {connections} | {python:.1f} | 12 |")
    for connections in CONNECTIONS:
        singles = rate("stitch", "eval", connections) / rate("stitch", "batch", connections)
        lines.append(f"| a batch of 100 flags, in single evaluations | {connections} | {singles:.2f} | 3 |")
    lines += [
        "",
        f"Medians of {ROUNDS} interleaved rounds of {SECONDS} s each:",
        "",
        "| server | route | connections | requests a second | p50 µs | p99 µs | server's core busy |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, route, connections), cell in rows.items():
        lines.append(
            f"| {name} | {route} | {connections} | {cell['rate']:,.0f} | {cell['p50']:,.0f} | {cell['p99']:,.0f}"
            f" | {cell['busy']:.0%} |"
        )
    lines += ["", *machine(sizes, ours), ""]
    return "\n".join(lines)


def machine(sizes: dict[str, int], ours: dict[str, str]) -> list[str]:
    said = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.strip()  # noqa: E731
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    wrk = (said("wrk", "--version") or "wrk").split(" Copyright")[0]
    python = said(VENV / "bin" / "python", "--version")
    requirements = (HERE / "fastapi" / "requirements.txt").read_text().replace("==", " ").split("\n")
    rust = ", ".join(f"{name} {ours[name]}" for name in SAME_VERSIONS)
    commit = said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    dirty = " with changes" if said("git", "-C", str(ROOT), "status", "--porcelain", "--", "stitch-core", "stitch-server") else ""
    return [
        f"* Machine: {model[1] if model else os.uname().machine}, {os.cpu_count()} cores, Linux {os.uname().release};"
        " servers on one core with one worker thread, wrk on another.",
        f"* Versions: {said('rustc', '--version')}; {rust}; {python}; {', '.join(filter(None, requirements))};"
        f" {wrk}; commit {commit}{dirty}.",
        f"* Bodies: {sizes['eval']} bytes (eval), {sizes['ofrep']} bytes (OFREP). The flag has a dependency with a rule, among 1,000"
        " flags; 256 users in turn; the OFREP context has an id, a tier and eight attributes.",
        "* Again: `benches/server/run.py`.",
    ]


if __name__ == "__main__":
    steps = sys.argv[1:] or ["build", "measure"]
    for step in steps:
        {"build": build, "measure": measure, "check": check}[step]()
