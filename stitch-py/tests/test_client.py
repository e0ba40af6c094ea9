"""`stitch.Client` against the real server."""

from __future__ import annotations

import asyncio
import gc
import pickle
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import openfeature.api
import pytest
from openfeature.event import EventDetails, ProviderEvent

import stitch
from server import PATIENCE, Server, until
from stitch.openfeature import StitchProvider

AWAY = "http://127.0.0.1:1"


def threads() -> set[str]:
    tasks = Path("/proc/self/task")
    return {(task / "comm").read_text().strip() for task in tasks.iterdir()} if tasks.exists() else set()


def number(client: stitch.Client) -> int:
    return client.integer("n", user_id="U-1", default=-1)


def test_it_starts_with_the_first_use_and_follows(server: Server) -> None:
    client = server.client()
    assert client.state.status == "starting"
    assert repr(client) == f"<stitch.Client of {server.url}: not started>"
    assert "stitch-client" not in threads()
    assert client.wait_ready(PATIENCE)
    assert "stitch-client" in threads()
    state = client.state
    assert (state.status, state.environment, state.last_error) == ("ready", "prod", None)
    assert datetime.now(timezone.utc) - state.since < timedelta(minutes=1)
    assert number(client) == 0
    flag = client.flag("n")
    context = stitch.Context("U-1")
    assert flag.integer(context, -1) == 0
    server.put("n", 7)
    until(lambda: number(client) == 7)
    assert flag.integer(context, -1) == 7
    assert flag.evaluate(user_id="U-1").value == 7
    assert client.evaluate("n", context) == flag.evaluate(context)
    assert [entry.flag_key for entry in client.evaluate_all(context)] == client.flag_keys()
    assert client.explain("n", context).evaluation == flag.explain(context).evaluation
    assert "n" in client
    assert "none" not in client
    assert (flag.key, flag.value_type, client.flag("none").value_type) == ("n", "integer", None)
    assert client.flag("none").evaluate(context).reason == "flag_not_found"
    client.close()
    assert number(client) == 7
    assert client.state[0] == "stale"


def test_contexts_are_of_the_keys_environment_and_of_this_moment(server: Server) -> None:
    when = {"attr": "env", "op": "eq", "value": "prod"}
    rules = [{"id": "here", "when": when, "serve": "on"}]
    row = {"scope": "user", "flag_key": "expires", "user_id": "U-1", "value": True}
    server.put("here", False, rules=rules)
    server.put("expires", False)
    server.ask("PATCH", "/api/flags/here/stage", {"rollout_stage": "internal", "revision": revision(server, "here")})
    past = (datetime.now(timezone.utc) - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    server.ask("PUT", "/api/flags/overrides/late", {**row, "id": "late", "expires_at": past})
    with server.client() as client:
        assert client.wait_ready(PATIENCE)
        context = stitch.Context("U-1", tier="staff")
        for evaluation in (
            client.evaluate("here", context),
            client.evaluate("here", user_id="U-1", tier="staff"),
            client.evaluate("here", user_id="U-1", tier="staff", env="prod"),
            client.flag("here").evaluate(context),
        ):
            assert evaluation.rule_id == "here"
        assert client.bool("expires", context, False) is False
        assert client.bool("expires", user_id="U-1", now=0, default=False) is True
        for ask in (client.evaluate, client.explain):
            with pytest.raises(stitch.ContextError, match="^env: the client's definitions are those of `prod`"):
                ask("here", stitch.Context("U-1", env="dev"))


def revision(server: Server, key: str) -> Any:
    return server.ask("GET", f"/v1/flags/{key}")["revision"]


def test_it_starts_from_a_file(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "flags.cache"
    with server.client(cache_file=file) as client:
        assert client.wait_ready(PATIENCE)
        server.put("n", 5)
        until(lambda: number(client) == 5)
    with stitch.Client(AWAY, server.key, cache_file=str(file)) as client:
        assert number(client) == 5
        assert (client.state.status, client.state.environment) == ("stale", "prod")
        assert client.wait_ready(0.05) is False
    file.write_bytes(file.read_bytes()[:-1])
    with stitch.Client(AWAY, server.key, cache_file=file) as client:
        assert number(client) in (-1, 0)
        assert "is not used" in str(client.state.last_error)


def test_listeners_hear_what_changed(server: Server) -> None:
    client = server.client()
    heard: list[list[str]] = []
    statuses: list[str] = []

    @client.on_change
    def changed(flags: list[str]) -> None:
        heard.append(flags)

    client.on_status(lambda state: statuses.append(state.status))
    assert "stitch-listeners" not in threads()
    assert client.wait_ready(PATIENCE)
    until(lambda: heard and statuses)
    assert "n" in heard.pop(0)
    server.put("n", 3)
    until(lambda: heard)
    assert heard == [["n"]]
    client.on_change(heard.append)
    server.put("n", 4)
    until(lambda: len(heard) == 3)
    client.close()
    assert statuses == ["ready", "stale"]
    with pytest.raises(TypeError, match="^listener: must be something to call"):
        client.on_change(7)  # type: ignore[type-var]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_listener_that_raises_harms_nobody(server: Server) -> None:
    client = server.client()
    heard = threading.Event()
    client.on_change(lambda flags: 1 / 0)
    client.on_change(lambda flags: heard.set())
    assert client.wait_ready(PATIENCE)
    assert heard.wait(PATIENCE)
    client.close()


def test_events_are_counted_once(server: Server) -> None:
    before = len(server.events())
    with server.client(events_url=server.events_url, event_pause=0.01) as client:
        assert client.track("clicks", "U-1", 1)
        assert client.track("clicks", "U-1", 2, context_type="user", timestamp=datetime.now(timezone.utc), event_id="x")
        assert client.track("clicks", "U-1", 2, event_id="x")
        assert client.track("unknown", "U-1", True)
        assert client.flush(PATIENCE)
        assert client.events[:4] == (0, 3, 1, 0)
        assert server.events()[before:] == [1, 2]
        for wrong in ({"value": float("nan")}, {"context_key": ""}, {"timestamp": -(2**62)}):
            with pytest.raises(ValueError, match="."):
                client.track(**{"metric_key": "clicks", "context_key": "U-1", "value": 1, **wrong})  # type: ignore[arg-type]
        with pytest.raises(OverflowError):
            client.track("clicks", "U-1", 2**63)
        with pytest.raises(TypeError, match="^value: must be a bool"):
            client.track("clicks", "U-1", "1")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="shut down"):
        client.track("clicks", "U-1", 1)
    with server.client() as client, pytest.raises(RuntimeError, match="events_url"):
        client.track("clicks", "U-1", 1)


def test_a_full_queue_is_told(server: Server) -> None:
    client = stitch.Client(AWAY, server.key, events_url=AWAY, event_queue=2)
    assert [client.track("clicks", "U-1", number) for number in range(3)] == [True, True, False]
    assert client.events.dropped == 1
    client.close(timeout=0)


def test_waiting_lets_others_run(server: Server) -> None:
    client = stitch.Client(AWAY, server.key)
    counted = 0
    done = threading.Event()

    def wait() -> None:
        client.wait_ready(0.5)
        done.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not done.is_set():
        counted += 1
        time.sleep(0.001)
    waiting.join()
    assert counted > 50
    client.close()


def test_asyncio_waits_beside_its_loop(server: Server) -> None:
    async def main() -> None:
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0.005)

        beating = asyncio.create_task(beat())
        with stitch.Client(AWAY, server.key) as away:
            assert await away.ready(timeout=0.6) is False
            assert beats > 20
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(away.ready(timeout=60), 0.1)
        with server.client() as client:
            assert await client.ready(timeout=PATIENCE) is True
            assert number(client) == 0
        beating.cancel()

    started = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started < 10


def test_threads_ask_while_it_follows(server: Server) -> None:
    client = server.client()
    assert client.wait_ready(PATIENCE)
    stop, wrong = threading.Event(), []

    def ask() -> None:
        last = 0
        while not stop.is_set():
            seen = number(client)
            if seen < last:
                wrong.append((last, seen))
            last = seen

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for value in range(1, 11):
        server.put("n", value)
    until(lambda: number(client) == 10)
    stop.set()
    for thread in asking:
        thread.join()
    assert wrong == []
    client.close()


def test_it_serves_on_without_its_server_and_without_its_key(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.put("n", 0)
    client, revoked = server.client(), server.new_key()
    other = stitch.Client(server.url, revoked, backoff=(0.02, 0.2))
    assert client.wait_ready(PATIENCE)
    assert other.wait_ready(PATIENCE)
    server.revoke(revoked)
    until(lambda: other.state.status == "stale")
    assert "Unauthenticated" in str(other.state.last_error)
    assert revoked not in repr((other, other.state))
    server.stop()
    until(lambda: client.state.status == "stale")
    assert number(client) == number(other) == 0
    server.start()
    server.put("n", 9)
    until(lambda: number(client) == 9)
    assert client.wait_ready(PATIENCE)
    assert number(other) == 0
    client.close()
    other.close()
    server.stop()


def test_what_is_wrong_is_told_when_it_is_made() -> None:
    for url in ("flags.example", "", "https://flags.example/path"):
        with pytest.raises(ValueError, match="is no address of a server"):
            stitch.Client(url, "key")
    with pytest.raises(ValueError, match="takes events"):
        stitch.Client(AWAY, "key", events_url="nowhere")
    with pytest.raises(ValueError, match="the SDK key is none"):
        stitch.Client(AWAY, "")
    with pytest.raises(ValueError, match="PEM"):
        stitch.Client(AWAY.replace("http", "https"), "key", ca_certificate=b"none")
    for wrong in ({"silence": -1.0}, {"backoff": (1.0, float("nan"))}, {"event_pause": float("inf")}):
        with pytest.raises(ValueError, match="must be a number of seconds"):
            stitch.Client(AWAY, "key", **wrong)
    client = stitch.Client(AWAY, "the-secret")
    assert "secret" not in repr(client)
    with pytest.raises(TypeError):
        pickle.dumps(client)
    client.close()
    with pytest.raises(RuntimeError, match="the client is closed"):
        number(client)


def test_it_ends_with_its_last_reference(server: Server) -> None:
    client = server.client()
    assert client.wait_ready(PATIENCE)
    del client
    gc.collect()
    until(lambda: "stitch-client" not in threads())


def test_openfeature_hears_of_changes_and_of_the_status(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.put("n", 0)
    client = server.client()
    events: list[tuple[ProviderEvent, EventDetails]] = []

    def listen(event: ProviderEvent) -> None:
        openfeature.api.add_handler(event, lambda details: events.append((event, details)))

    try:
        openfeature.api.set_provider_and_wait(StitchProvider(client, timeout=PATIENCE))
        for event in ProviderEvent:
            listen(event)
        asking = openfeature.api.get_client()
        assert asking.get_integer_value("n", -1) == 0
        server.put("n", 5)
        changed = until(lambda: dict(events).get(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED))
        assert changed.flags_changed == ["n"]
        assert asking.get_integer_value("n", -1) == 5
        server.stop()
        until(lambda: ProviderEvent.PROVIDER_STALE in dict(events))
        assert asking.get_integer_value("n", -1) == 5
        events.clear()
        server.start()
        until(lambda: ProviderEvent.PROVIDER_READY in dict(events))
    finally:
        openfeature.api.shutdown()
        client.close()
        server.stop()


def test_openfeature_without_definitions_is_not_ready() -> None:
    with stitch.Client(AWAY, "key") as client:
        provider = StitchProvider(client, timeout=0.01)
        with pytest.raises(Exception, match="there are no definitions yet"):
            openfeature.api.set_provider_and_wait(provider)
        openfeature.api.shutdown()
        with pytest.raises(TypeError, match="the provider has a client"):
            provider.swap(stitch.Engine.from_json('{"schema_version": "1.0", "flags": []}'))
