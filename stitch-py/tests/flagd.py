"""OpenFeature's test flags, which are in flagd's format, as a stitch registry: converted anew for each run."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
GHERKIN = Path(os.environ.get("OPENFEATURE_GHERKIN", REPOSITORY / "../shared/standards/openfeature-gherkin"))

TYPES = {bool: "boolean", str: "string", int: "integer", float: "double", dict: "object"}

# A flag that is switched off in flagd has no value, so the caller's default is served. A flag of stitch always has a
# safe value of its own, which is served when it is paused: here the one that the callers of the scenarios would choose.
SAFE = {"boolean": False, "string": "bye", "integer": 1, "double": 0.1, "object": {"a": 1}}

# `evaluation.feature` speaks of this flag, the file of flags has forgotten it.
CONTEXT_AWARE = {
    "variants": {"internal": "INTERNAL", "external": "EXTERNAL"},
    "defaultVariant": "external",
    "contextEvaluator": "!customer && fn == 'Sulisław' && ln == 'Świętopełk' && age == 29 ? 'internal' : ''",
}


def registry() -> str:
    """The registry document."""
    flags = json.loads((GHERKIN / "test-flags.json").read_text("utf-8"))
    flags.setdefault("context-aware", CONTEXT_AWARE)
    # A flag of stitch must have a default; no scenario asks for those two that have none.
    converted = [convert(key, flag) for key, flag in flags.items() if flag.get("defaultVariant") is not None]
    segments = [segment for _, segment in converted if segment]
    return json.dumps({"schema_version": "1.0", "flags": [flag for flag, _ in converted], "segments": segments})


def convert(key: str, flag: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A flag, and the segment of those whom it targets."""
    default = flag["defaultVariant"]
    value_type = TYPES[type(flag["variants"][default])]
    converted: dict[str, Any] = {"key": key, "type": value_type, "variants": flag["variants"], "serve": default}
    converted["default_value"] = flag["variants"][default]
    if flag.get("disabled"):
        return {**converted, "rollout_stage": "paused", "default_value": SAFE[value_type]}, None
    if "contextEvaluator" not in flag:
        return {**converted, "rollout_stage": "full"}, None
    # Open to those who match, closed to everyone else: a pilot.
    condition, variant = targeting(flag["contextEvaluator"])
    converted |= {"rollout_stage": "pilot", "cohort": [f"{key}.targeted"], "serve": variant}
    return converted, {"key": f"{key}.targeted", "when": condition}


OPERATORS = {"==": "eq", ">": "gt"}


def targeting(expression: str) -> tuple[dict[str, Any], str]:
    """As much of CEL as the flags use: `a == 'text' && b > 10 && !c ? 'variant' : ''`."""
    test, _, outcome = expression.partition("?")
    variant = re.fullmatch(r"\s*'([^']+)' : ''", outcome)
    assert variant, expression
    return {"all": [term(text.strip()) for text in test.split("&&")]}, variant[1]


def term(text: str) -> dict[str, Any]:
    if negated := re.fullmatch(r"!(\w+)", text):
        return {"not": {"attr": negated[1], "op": "eq", "value": True}}
    compared = re.fullmatch(r"(\w+) (==|>) (?:'([^']*)'|(\d+))", text)
    assert compared, text
    name, operator, string, number = compared.groups()
    return {"attr": name, "op": OPERATORS[operator], "value": int(number) if string is None else string}
