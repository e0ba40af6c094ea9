"""`stitch.Client` in processes of their own: at their end, and after a fork."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from server import PATIENCE, Server, until


def test_the_interpreter_ends_and_sends_what_is_left(server: Server) -> None:
    before = len(server.events())
    program = """if True:
        import sys, threading, stitch
        client = stitch.Client(sys.argv[1], sys.argv[2], events_url=sys.argv[3], event_pause=3600.0)
        client.on_change(lambda flags: threading.Event().wait(0.2))
        assert client.wait_ready(30)
        client.track("clicks", "U-1", 11)
    """
    command = [sys.executable, "-c", program, server.url, server.key, server.events_url]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - started < 10
    assert server.events()[before:] == [11]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_follows_by_itself(server: Server) -> None:
    program = """if True:
        import os, sys, time, stitch
        client = stitch.Client(sys.argv[1], sys.argv[2], events_url=sys.argv[3], event_pause=0.05)
        changed = []
        client.on_change(changed.append)
        assert client.wait_ready(30)
        flag, context = client.flag("n"), stitch.Context("U-1")
        assert flag.integer(context, -1) == 0
        children = []
        for child in range(2):
            children.append(os.fork())
            if children[-1] == 0:
                assert flag.integer(context, -1) == 0, "what the parent served"
                os.write(1, b"asked\\n")
                changed.clear()
                until = time.monotonic() + 30
                while flag.integer(context, -1) != 6:
                    assert time.monotonic() < until
                    time.sleep(0.01)
                while ["n"] not in changed:
                    assert time.monotonic() < until
                    time.sleep(0.01)
                assert client.wait_ready(30)
                client.track("clicks", "U-1", child)
                assert client.flush(30)
                client.close()
                os._exit(0)
        for child in children:
            assert os.waitpid(child, 0)[1] == 0
        assert flag.integer(context, -1) == 6
        client.track("clicks", "U-1", 2)
    """
    before = len(server.events())
    command = [sys.executable, "-c", program, server.url, server.key, server.events_url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline(), process.stdout.readline()] == ["asked\n", "asked\n"]
    server.put("n", 6)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert sorted(server.events()[before:]) == [0, 1, 2]


APP = """
import json, os, sys, stitch
client = stitch.Client(os.environ["URL"], os.environ["KEY"], events_url=os.environ["EVENTS"], event_pause=0.05)
flag = client.flag("n")
assert client.wait_ready(30), client.state  # in the master, before it forks
master = os.getpid()

def app(environ, start_response):
    if environ["PATH_INFO"] != "/":
        client.track("clicks", "U-1", int(environ["PATH_INFO"][1:]))
    body = json.dumps({"pid": os.getpid(), "master": master, "value": flag.integer(stitch.Context("U-1"), -1)})
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body.encode()]
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_gunicorn_with_preload(server: Server, tmp_path: Path) -> None:
    (tmp_path / "prefork.py").write_text(APP)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "URL": server.url, "KEY": server.key, "EVENTS": server.events_url}
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", f"127.0.0.1:{port}"]
    before = len(server.events())
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([*command, "prefork:app"], cwd=tmp_path, env=environment, stderr=log)

    def ask(path: str = "/") -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except OSError:
            assert process.poll() is None, (tmp_path / "log").read_text()
            return {}

    try:
        until(ask)
        seen: dict[int, int] = {}

        def both(value: int) -> bool:
            told = ask()
            if told:
                assert told["pid"] != told["master"]
                seen[told["pid"]] = told["value"]
            return len(seen) == 2 and set(seen.values()) == {value}

        until(lambda: both(0))
        server.put("n", 8)
        until(lambda: both(8))
        for value in range(40):
            assert ask(f"/{value}")
        until(lambda: len(server.events()) >= before + 40)
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert sorted(server.events()[before:]) == list(range(40))
