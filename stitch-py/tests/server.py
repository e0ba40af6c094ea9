"""A real server for tests of `stitch.Client`: the program that STITCH_SERVER names, or the workspace's debug build."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import stitch

PATIENCE = 30.0
PROGRAM = Path(os.environ.get("STITCH_SERVER", Path(__file__).resolve().parents[2] / "target/debug/stitch-server"))
PASSWORD = "correct horse battery"

_T = TypeVar("_T")


def until(check: Callable[[], _T | None]) -> _T:
    """Waits until `check` gives something that is true."""
    started = time.monotonic()
    while not (found := check()):
        assert time.monotonic() - started < PATIENCE, "nothing happened"
        time.sleep(0.01)
    return found


class Server:
    """A store in a file, and the server that serves it while it is up, always at the same addresses."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "stitch.db"
        self._process: subprocess.Popen[str] | None = None
        self._addresses = ["--port", "0", "--sync-addr", "127.0.0.1:0"]
        self._run("users", "add", "--email", "a@example.com", "--role", "admin", given=PASSWORD + "\n")
        self.key = self.new_key()
        self.start()
        login = {"email": "a@example.com", "password": PASSWORD}
        self._token = self.ask("POST", "/v1/auth/login", login)["token"]
        self.ask("POST", "/v1/metrics", {"key": "clicks", "type": "integer"})

    def new_key(self) -> str:
        made = self._run("keys", "create", "--env", "prod", "--name", "test")
        return next(word for word in made.split() if word.startswith("stitch_"))

    def revoke(self, key: str) -> None:
        self.ask("DELETE", f"/v1/keys/{key.split('_')[1]}")

    def start(self) -> None:
        # In dev mode the store would begin with flags to try.
        command = [str(PROGRAM), "--auth", "jwt", "--log-level", "warn", "--management-addr", "127.0.0.1:0"]
        command += [*self._addresses, "--store", str(self.store)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        banner = ""
        for line in self._process.stdout:
            banner += line
            if line.strip().startswith("listening"):
                break
        sync, http = re.search(r"streams +([\d.:]+)", banner), re.search(r"listening http://([\d.:]+)", banner)
        assert sync is not None, banner
        assert http is not None, banner
        self.url, self.events_url = f"http://{sync[1]}", f"http://{http[1]}"
        self._addresses = ["--port", http[1].split(":")[1], "--sync-addr", sync[1]]

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
            assert process.stdout is not None
            process.stdout.close()

    def put(self, key: str, value: Any, **definition: Any) -> None:
        """A flag that serves this value to everybody."""
        flag = {"key": key, "default_value": value, **definition}
        if not isinstance(value, bool):
            flag |= {"type": "integer", "variants": {"v": value}, "serve": "v"}
        known = {flag["key"]: flag for flag in self.ask("GET", "/v1/flags")["flags"]}
        if key in known:
            revision = self.ask("GET", f"/v1/flags/{key}")["revision"]
            self.ask("PUT", f"/v1/flags/{key}", {**flag, "revision": revision})
        else:
            self.ask("POST", "/v1/flags", flag)

    def events(self) -> list[Any]:
        """The values that are stored, in order."""
        told = self.ask("GET", "/v1/environments/prod/events")
        return [event["value"] for event in told["events"]]

    def client(self, **how: Any) -> stitch.Client:
        """A client that does not wait long before it tries again."""
        return stitch.Client(self.url, self.key, backoff=(0.02, 0.2), **how)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if path != "/v1/auth/login":
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.events_url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def _run(self, *arguments: str, given: str = "") -> str:
        command = [str(PROGRAM), *arguments, "--store", str(self.store)]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
