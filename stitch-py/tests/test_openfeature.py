"""`StitchProvider` against `spec/openfeature.md`, section by section."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import openfeature.api
import pytest
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.flag_evaluation import FlagResolutionDetails

import stitch
from conftest import engine_of
from stitch.openfeature import StitchProvider

WHEN = {"attr": "country", "op": "eq", "value": "TH"}
OPEN: dict[str, Any] = {"rollout_stage": "staged", "rollout_pct": 100}
RULES = [{"id": "thai", "when": WHEN, "serve": "on"}]


def ask(
    engine: stitch.Engine, key: str, who: EvaluationContext | None = None, kind: str = "boolean", default: Any = None
) -> FlagResolutionDetails[Any]:
    question = getattr(StitchProvider(engine, clock=lambda: 0), f"resolve_{kind}_details")
    details: FlagResolutionDetails[Any] = question(key, default, who)
    return details


def who(user: str | None = None, **attributes: Any) -> EvaluationContext:
    return EvaluationContext(user, attributes)


TENANT_ROW = {"id": "t", "scope": "tenant", "flag_key": "f", "tenant_id": "acme", "value": True}
USER_ROW = {"id": "u", "scope": "user", "flag_key": "f", "user_id": "ann", "value": True}


@pytest.mark.parametrize(
    ("flag", "context", "reason", "ours", "value"),
    [
        ({"rollout_stage": "paused", "default_value": True}, who(), "DISABLED", "paused", True),
        ({"rollout_stage": "rolled_back"}, who(), "DISABLED", "rolled_back", False),
        ({"dependencies": ["draft"]}, who(), "DEFAULT", "dep_unsatisfied", False),
        ({"requires_approval": True}, who(), "DEFAULT", "approval_missing", False),
        ({"rollout_stage": "staged", "rollout_pct": 0}, who("x"), "DEFAULT", "staged_out", False),
        ({}, who(), "DEFAULT", "default", False),
        ({}, who("ann"), "TARGETING_MATCH", "user_override", True),
        ({}, who(tenant_id="acme"), "TARGETING_MATCH", "tenant_override", True),
        ({"rollout_stage": "internal"}, who(tier="staff"), "TARGETING_MATCH", "stage_internal", True),
        ({"rollout_stage": "pilot", "cohort": ["thai"]}, who(country="TH"), "TARGETING_MATCH", "stage_pilot", True),
        (OPEN, who("x"), "SPLIT", "staged_in", True),
        ({**OPEN, "rules": RULES}, who("x", country="TH"), "TARGETING_MATCH", "staged_in", True),
        ({"rollout_stage": "full"}, who(), "STATIC", "stage_full", True),
        ({"rollout_stage": "full", "rules": RULES}, who(country="TH"), "TARGETING_MATCH", "stage_full", True),
        ({"rollout_stage": "full", "rules": RULES}, who(country="SE"), "STATIC", "stage_full", True),
        ({"rollout_stage": "staged", "bucket_by": "device"}, who("x"), "DEFAULT", "unit_missing", False),
        ({"rollout_stage": "staged", "bucket_by": "device"}, who(user_id="x"), "DEFAULT", "unit_missing", False),
    ],
)
def test_reasons(flag: dict[str, Any], context: EvaluationContext, reason: str, ours: str, value: bool) -> None:
    segments: list[dict[str, Any]] = [{"key": "thai", "when": WHEN}]
    engine = engine_of({"key": "f", **flag}, {"key": "draft"}, segments=segments, overrides=[TENANT_ROW, USER_ROW])
    details = ask(engine, "f", context)
    assert details.error_code is None, details.error_message
    assert (details.reason, details.value) == (reason, value)
    assert details.variant == ("on" if value else "off")
    assert details.flag_metadata["reason"] == ours
    by_rule = {"rule_id": "thai"} if "country" in context.attributes and context.attributes["country"] == "TH" else {}
    expected = {"reason": ours} | (by_rule if "rules" in flag else {})
    assert details.flag_metadata == expected | ({"dependency": "draft"} if ours == "dep_unsatisfied" else {})


@pytest.mark.parametrize(
    ("key", "context", "code"),
    [
        ("nope", who("x"), "FLAG_NOT_FOUND"),
        ("broken", who("x"), "PARSE_ERROR"),
        ("staged", None, "TARGETING_KEY_MISSING"),
        ("staged", who(country="TH"), "TARGETING_KEY_MISSING"),
        ("text", who("x"), "TYPE_MISMATCH"),
        ("staged", who(""), "INVALID_CONTEXT"),
        ("nope", who(""), "INVALID_CONTEXT"),
    ],
)
def test_errors_give_the_callers_default(key: str, context: EvaluationContext | None, code: str) -> None:
    text = {"key": "text", "type": "string", "default_value": "a", "variants": {"a": "a"}, "serve": "a"}
    engine = engine_of({"key": "staged", "rollout_stage": "staged"}, {"key": "broken", "salt": 1}, text, lenient=True)
    details = ask(engine, key, context, default="the caller's")
    assert (details.value, details.reason, details.variant) == ("the caller's", "ERROR", None)
    assert details.error_code is not None
    assert details.error_code.value == code
    assert details.error_message


def of_type(value_type: str, value: Any) -> stitch.Engine:
    other = {"serve": "v", "variants": {"v": value}} if value_type != "boolean" else {}
    return engine_of({"key": "f", "type": value_type, "default_value": value, **other})


@pytest.mark.parametrize(
    ("value_type", "value", "readings"),
    [
        ("boolean", True, {"boolean": True}),
        ("string", "1", {"string": "1"}),
        ("integer", 7, {"integer": 7, "float": 7.0}),
        ("integer", 0, {"integer": 0, "float": 0.0}),
        ("integer", 2**53 + 1, {"integer": 2**53 + 1}),
        ("integer", -(2**63), {"integer": -(2**63), "float": -(2.0**63)}),
        ("double", 0.5, {"float": 0.5}),
        ("double", 7, {"integer": 7, "float": 7.0}),
        ("double", -(2.0**63), {"integer": -(2**63), "float": -(2.0**63)}),
        ("double", 2.0**63, {"float": 2.0**63}),
        ("object", {"a": [1, None]}, {"object": {"a": [1, None]}}),
        ("object", [1, True], {"object": [1, True]}),
        ("object", {}, {"object": {}}),
    ],
)
def test_types(value_type: str, value: Any, readings: dict[str, Any]) -> None:
    for kind in ("boolean", "string", "integer", "float", "object"):
        details = ask(of_type(value_type, value), "f", kind=kind, default="default")
        if kind in readings:
            assert details.error_code is None
            assert details.value == readings[kind]
            assert type(details.value) is type(readings[kind])
        else:
            assert details.error_code == "TYPE_MISMATCH"
            assert details.value == "default"


def holds(attribute: str, op: str, value: Any, context: EvaluationContext) -> bool:
    when = {"attr": attribute, "op": op, "value": value}
    flag = {"key": "f", "rollout_stage": "full", "serve": "off", "rules": [{"id": "r", "when": when, "serve": "on"}]}
    details = ask(engine_of(flag), "f", context)
    assert details.error_code is None, details.error_message
    assert isinstance(details.value, bool)
    return details.value


BANGKOK = timezone(timedelta(hours=7))


@pytest.mark.parametrize(
    ("attribute", "value", "context"),
    [
        ("user_id", "U-1", who("U-1")),
        ("user_id", "U-1", who("U-1", user_id="other")),
        ("user_id", "U-2", who(user_id="U-2")),
        ("kind", "device", who(kind="device")),
        ("tenant_id", "acme", who(tenant_id="acme")),
        ("tier", "staff", who(tier="staff")),
        ("env", "prod", who(env="prod")),
        ("role_key", "admin", who(role_key="admin")),
        ("now", 0, who()),
        ("now", 5, who(now=5)),
        ("now", 1, who(now=datetime(1970, 1, 1, 7, 0, 0, 1999, tzinfo=BANGKOK))),
        ("a", "x", who(a="x")),
        ("a", True, who(a=True)),
        ("a", 2**53 + 1, who(a=2**53 + 1)),
        ("a", 0.5, who(a=0.5)),
        ("a", "2026-01-01T00:00:00Z", who(a=datetime(2026, 1, 1, 7, tzinfo=BANGKOK))),
        ("a", "2026-01-01T00:00:00.05Z", who(a=datetime(2026, 1, 1, 7, 0, 0, 50_000, tzinfo=BANGKOK))),
        ("a", "0001-01-01T00:00:00Z", who(a=datetime(1, 1, 1, tzinfo=timezone.utc))),
        ("a", "x", EvaluationContext(None, MappingProxyType({"a": "x"}))),
    ],
)
def test_the_context(attribute: str, value: Any, context: EvaluationContext) -> None:
    assert holds(attribute, "eq", value, context)


def test_lists_and_nulls() -> None:
    assert holds("a", "contains", 2, who(a=["pro", 2]))
    assert holds("a", "contains", "pro", who(a=("pro", 2)))
    assert not holds("tier", "eq", "staff", who(tier=None, a=None, attributes=None))


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (who(""), "`targeting_key` is empty"),
        (who(user_id=""), "`user_id` is empty"),
        (who("x", user_id=5), "`user_id` must be a str"),
        (who(tier=5), "`tier` must be a str, this is of type int"),
        (who(now="today"), "`now` must be an aware datetime"),
        (who(now=datetime(2026, 1, 1)), "`now` is a naive datetime"),
        (who(a=datetime(2026, 1, 1)), "`a` must be an aware date-time"),
        (who(a=datetime(1, 1, 1, tzinfo=BANGKOK)), "`a` must be an aware date-time"),
        (
            who(a={"secret": 1}),
            "`a` must be a str, int, float, bool, or a list of str and numbers, this is of type dict",
        ),
        (who(a=float("nan")), "`a` must be a finite number"),
        (who(a=[["secret"]]), "`a` must be a str, int or float, this is of type list"),
        (who(attributes={"a": 1}), "`attributes` is reserved"),
        (who(overrides={}), "`overrides` is reserved"),
        (who(approvals=1), "`approvals` is reserved"),
        (EvaluationContext(None, {f"a{number}": 1 for number in range(257)}), "`context` there are 257 attributes"),
        (who(z=b"secret", a=float("inf"), tier=[]), "`a` must be a finite number"),
    ],
)
def test_refused_contexts(context: EvaluationContext, message: str) -> None:
    details = ask(engine_of({"key": "f"}), "f", context)
    assert details.error_code == "INVALID_CONTEXT"
    assert details.error_message is not None
    assert details.error_message.startswith(message)
    assert "secret" not in details.error_message


def test_all_problems_are_told_sorted_by_field() -> None:
    details = ask(engine_of({"key": "f"}), "f", who("", z={}, tier=5, overrides={}, a=float("inf")))
    fields = [part.split("`")[1] for part in str(details.error_message).split("; ")]
    assert fields == ["a", "overrides", "targeting_key", "tier", "z"]


@pytest.fixture
def events() -> Iterator[list[EventDetails]]:
    yield []
    openfeature.api.shutdown()


def test_swapping_tells_what_really_changed(events: list[EventDetails]) -> None:
    seen = threading.Semaphore(0)

    def remember(details: EventDetails) -> None:
        events.append(details)
        seen.release()

    segments: list[dict[str, Any]] = [{"key": "thai", "when": WHEN}]
    pilot: dict[str, Any] = {"key": "pilot", "rollout_stage": "pilot", "cohort": ["thai"]}
    flags: list[dict[str, Any]] = [
        {"key": "same"},
        {"key": "gone"},
        {"key": "b", "dependencies": ["a"]},
        {"key": "a"},
        pilot,
    ]
    provider = StitchProvider(engine_of(*flags, segments=segments))
    openfeature.api.set_provider_and_wait(provider)
    openfeature.api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, remember)

    flags[1:] = [{**flag, "description": "only words"} for flag in flags[1:]]
    assert provider.swap(engine_of(*flags, segments=segments)) == []
    client = openfeature.api.get_client()
    assert client.get_boolean_value("a", True) is False

    flags[1:] = [{"key": "new"}, flags[2], {"key": "a", "rollout_stage": "full"}, pilot]
    segments = [{"key": "thai", "included": ["ann"]}]
    after = engine_of(*flags, segments=segments)
    changed = ["a", "b", "gone", "new", "pilot"]
    assert provider.swap(after) == changed
    assert provider.engine is after
    assert seen.acquire(timeout=10)
    assert [details.flags_changed for details in events] == [changed]
    assert events[0].provider_name == "stitch"
    assert client.get_boolean_value("a", False) is True


def test_the_clock_serves_contexts_without_now() -> None:
    row = {**USER_ROW, "expires_at": "1970-01-01T00:00:01Z"}
    engine = engine_of({"key": "f"}, overrides=[row])
    question = StitchProvider(engine).resolve_boolean_details
    assert question("f", True, who("ann")).value is False
    assert question("f", True, who("ann", now=999)).value is True
    assert StitchProvider(engine, clock=lambda: 999).resolve_boolean_details("f", True, who("ann")).value is True
