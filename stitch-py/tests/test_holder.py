"""Swapping, and many threads at once."""

from __future__ import annotations

import json
import threading
import time

import pytest

import stitch
from conftest import engine_of


def test_swap() -> None:
    first, second = engine_of({"key": "a"}), engine_of({"key": "a", "default_value": True})
    holder = stitch.Holder(first)
    assert holder.engine is first
    assert holder.swap(second) is first
    assert holder.engine is second
    assert holder.bool("a", stitch.Context(), False) is True
    assert repr(holder) == "<stitch.Holder of <stitch.Engine: 1 flags, 0 segments>>"
    with pytest.raises(TypeError, match="^engine: must be a stitch.Engine"):
        holder.swap(None)  # type: ignore[arg-type]
    assert holder.engine is second


def registry(version: int) -> stitch.Engine:
    """Every flag of one version serves that version; more flags than are evaluated under the lock."""
    flags = [
        {"key": f"f{number}", "type": "integer", "default_value": version, "variants": {"v": version}, "serve": "v"}
        for number in range(200)
    ]
    return engine_of(*flags)


def test_eight_threads_ask_while_one_swaps() -> None:
    """No answer is of two engines, no answer goes back to an older one, and nothing is lost."""
    holder = stitch.Holder(registry(0))
    wrong: list[str] = []
    asked = [0] * 8
    stop = threading.Event()

    def ask(thread: int) -> None:
        context = stitch.Context(f"U-{thread}")
        last = 0
        while not stop.is_set():
            seen = holder.integer("f0", context, -1)
            values = {evaluation.value for evaluation in holder.evaluate_all(context)}
            flag = holder.engine.flag("f1")
            later = flag.integer(context, -1)
            if seen < last or len(values) != 1 or min(values) < seen or later < min(values):
                wrong.append(f"{last} {seen} {values} {later}")
            if flag.evaluate(context).value != later:
                wrong.append("a handle changed its engine")
            last = later
            asked[thread] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    version = 0
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        version += 1
        holder.swap(registry(version))
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert min(asked) > 0
    assert version > 10
    assert holder.integer("f199", stitch.Context(), -1) == version


def test_other_threads_run_while_one_compiles() -> None:
    """A large registry takes long to compile; whoever evaluates meanwhile must not wait for it."""
    flags = [
        {"key": f"f{number}", "default_value": False, "rules": [{"id": "r", "when": {"all": []}, "serve": "on"}]}
        for number in range(20_000)
    ]
    text = json.dumps({"schema_version": "1.0", "flags": flags})
    engine, context = engine_of({"key": "a", "default_value": True}), stitch.Context("U-1")
    done = threading.Event()

    def compile_it() -> None:
        stitch.Engine.from_json(text)
        done.set()

    thread = threading.Thread(target=compile_it)
    thread.start()
    asked = 0
    while not done.is_set():
        assert engine.bool("a", context, False)
        asked += 1
    thread.join()
    assert asked > 100
