"""openfeature-flagd-core: the evaluator itself, contexts built beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from rows import ATTRIBUTES, ONE_RULE, STAGED, TIER, USERS, Way, neighbours


def _flag(targeting: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": targeting,
    }


def _staged(percent: int) -> dict[str, Any]:
    return _flag({"fractional": [["on", percent], ["off", 100 - percent]]})


def ways() -> Iterator[list[Way]]:
    flags = {ONE_RULE: _flag({"if": [{"===": [{"var": "tier"}, TIER]}, "on", "off"]}), STAGED: _staged(50)}
    flags |= {key: _staged(percent) for key, percent in neighbours(len(flags))}
    core = FlagdCore()
    core.set_flags(json.dumps({"flags": flags}))
    yield [
        Way(
            "resolve_boolean_value",
            "openfeature-flagd-core",
            [EvaluationContext(user, {**ATTRIBUTES, "tier": TIER}) for user in USERS],
            "core.resolve_boolean_value(key, False, context)",
            "EvaluationContext(user, {**attributes, 'tier': 'staff'})",
            "answer.value",
            names=lambda _key: {"core": core, "EvaluationContext": EvaluationContext},
            missing={"E": "a flag cannot depend on another, only share a rule with it"},
        )
    ]
