"""The vectors of `parity/`, expanded into questions as its README says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PARITY = Path(__file__).resolve().parents[2] / "parity"
EMPTY: dict[str, Any] = {"schema_version": "1.0", "flags": []}
MURMUR = "murmur3-x64-128"


@dataclass(frozen=True)
class Case:
    """One case of one file."""

    file: str
    document: dict[str, Any]
    case: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file}::{self.case['name']}"


@dataclass(frozen=True)
class Question:
    """A registry, a flag, for whom, and what must come out; `trace` where it is asked for."""

    registry: dict[str, Any]
    lenient: bool
    flag: str
    context: dict[str, Any]
    expect: dict[str, Any]
    trace: list[list[str]] | None = None


def cases(kind: str) -> list[Case]:
    """Every case of that kind. An empty set is an error."""
    found = []
    for path in [PARITY / "contract.json", *sorted((PARITY / "vectors").glob("*.json"))]:
        document = json.loads(path.read_text("utf-8"))
        if document["kind"] == kind:
            found += [Case(path.stem, document, case) for case in document["cases"]]
    if not found:
        raise AssertionError(f"there are no vectors of kind {kind} in {PARITY}")
    return found


def evaluation(case: Case) -> Question:
    registry = case.case["registry"] if "registry" in case.case else case.document["registry"]
    expect = {"flag_key": case.case["flag"], **case.case["expect"]}
    lenient = case.document.get("lenient", False)
    return Question(registry, lenient, case.case["flag"], case.case["context"], expect, case.case.get("trace"))


def condition(case: Case) -> Question:
    registry = case.document.get("registry", EMPTY)
    rules = [{"id": "when", "when": case.case["when"], "serve": "on"}]
    flag = {"key": "probe", "default_value": False, "rollout_stage": "full", "serve": "off", "rules": rules}
    holds = case.case["holds"]
    expect = result("probe", holds, "stage_full", "when" if holds else None)
    return Question({**registry, "flags": [*registry["flags"], flag]}, False, "probe", case.case["context"], expect)


def buckets(case: Case) -> Iterator[Question]:
    """Once with a threshold at the bucket, which is out, and once just above, which is in."""
    algorithm, purpose, salt = case.case["algorithm"], case.case["purpose"], case.case["salt"]
    for threshold in (case.case["bucket"], case.case["bucket"] + 1):
        holds = threshold > case.case["bucket"]
        if purpose == "condition" and threshold == 0:
            continue  # bounds must not be equal
        flag = {"key": "probe", "default_value": False, "rollout_stage": "full"} | {
            "gate": gate,
            "split": split,
            "condition": below,
        }[purpose](algorithm, salt, threshold)
        reason = ("staged_in" if holds else "staged_out") if purpose == "gate" else "stage_full"
        rule_id = "below" if purpose == "condition" and holds else None
        registry = {**EMPTY, "bucketing": {"algorithm": algorithm}, "flags": [flag]}
        context = {"user_id": case.case["unit"]}
        yield Question(registry, False, "probe", context, result("probe", holds, reason, rule_id))


def gate(algorithm: str, salt: str, threshold: int) -> dict[str, Any]:
    pct = threshold if algorithm == "djb2-xor" else threshold / 1000
    return {"rollout_stage": "staged", "rollout_pct": pct, "salt": salt}


def split(algorithm: str, salt: str, threshold: int) -> dict[str, Any]:
    rest = (10_000 if algorithm == MURMUR else 100_000) - threshold
    shares = [{"variant": "on", "weight": threshold}, {"variant": "off", "weight": rest}]
    return {"serve": {"split": shares, "salt": salt}}


def below(algorithm: str, salt: str, threshold: int) -> dict[str, Any]:
    to = threshold * 10 if algorithm == MURMUR else threshold
    when = {"bucket": {"salt": salt, "from": 0, "to": to}}
    return {"serve": "off", "rules": [{"id": "below", "when": when, "serve": "on"}]}


def result(flag: str, value: bool, reason: str, rule_id: str | None) -> dict[str, Any]:
    variant = "on" if value else "off"
    return {
        "flag_key": flag,
        "value": value,
        "variant_key": variant,
        "is_enabled": value,
        "reason": reason,
        "rule_id": rule_id,
    }


def definitions(case: Case) -> str:
    """The text of a `diagnostics` case."""
    if "document" in case.case:
        return json.dumps(case.case["document"])
    if "text_repeat" in case.case:
        return "".join(text * times for text, times in case.case["text_repeat"])
    text: str = case.case["text"]
    return text
