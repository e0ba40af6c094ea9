"""stitch: by name and by handle, with an `Evaluation` and with the value alone; and what calling into Rust costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import stitch

import empty
from rows import ATTRIBUTES, DEPENDENT, ONE_RULE, PLAIN, STAGED, TIER, USERS, Way, neighbours

BUILD = "stitch.Context(user, tier='staff', attributes={**attributes})"


def _flag(key: str, stage: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "default_value": False, "rollout_stage": stage, **more}


def _engine() -> stitch.Engine:
    plans = [f"plan-{index}" for index in range(9)] + ["pro"]
    conditions = [
        {"attr": "country", "op": "eq", "value": "TH"},
        {"attr": "device", "op": "in", "value": ["ios", "android"]},
    ]
    ten_rules = [
        {
            "id": f"rule-{index}",
            "when": {"all": [*conditions, {"attr": "plan", "op": "eq", "value": plan}]},
            "serve": "on",
        }
        for index, plan in enumerate(plans)
    ]
    staff = {"id": "staff", "when": {"attr": "tier", "op": "eq", "value": TIER}, "serve": "on"}
    flags = [
        _flag(PLAIN, "full"),
        _flag(ONE_RULE, "full", serve="off", rules=[staff]),
        _flag(STAGED, "staged", rollout_pct=50),
        _flag("ten-rules", "full", serve="off", rules=ten_rules),
        _flag(DEPENDENT, "full", dependencies=[ONE_RULE]),
    ]
    flags += [_flag(key, "staged", rollout_pct=percent) for key, percent in neighbours(len(flags))]
    return stitch.Engine.from_json(json.dumps({"schema_version": "1.0", "flags": flags}))


def ways() -> Iterator[list[Way]]:
    engine = _engine()
    contexts = [stitch.Context(user, tier=TIER, attributes=ATTRIBUTES) for user in USERS]

    def way(name: str, ask: str, value: str = "answer") -> Way:
        def names(key: str) -> dict[str, Any]:
            return {"stitch": stitch, "engine": engine, "flag": engine.flag(key), "empty": empty.Empty()}

        return Way(name, "stitch", contexts, ask, BUILD, value, names)

    yield [
        way("engine.evaluate", "engine.evaluate(key, context)", "answer.value"),
        way("engine.bool", "engine.bool(key, context, False)"),
        way("flag.evaluate", "flag.evaluate(context)", "answer.value"),
        way("flag.bool", "flag.bool(context, False)"),
        way("loop", "pass"),
        way("empty.nothing", "empty.nothing()"),
        way("empty.bool", "empty.bool(context, False)"),
    ]
