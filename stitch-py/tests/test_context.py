"""Contexts: what they take, what they refuse, and in which words."""

from __future__ import annotations

import json
import pickle
from collections import OrderedDict
from copy import copy, deepcopy
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from types import MappingProxyType
from typing import Any

import pytest

import stitch
from conftest import engine_of

FULL: dict[str, Any] = {
    "user_id": "U-1",
    "kind": "device",
    "tenant_id": "acme",
    "tier": "staff",
    "env": "prod",
    "role_key": "admin",
    "attributes": {"a": "é", "b": 1, "c": 2.0, "d": True, "e": ["x", 1, 2.5], "f": -(2**63), "g": 0.1, "h": []},
    "overrides": {"user": {"flag": {"deep": [1, None, 2.5]}}, "tenant": {"other": "x"}},
    "approvals": {"flag": "CAB-1"},
    "now": 1_700_000_000_000,
}


class Index:
    """What the integers of numpy are like."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __index__(self) -> Any:
        return self.value


class Level(IntEnum):
    HIGH = 3


def test_all_fields() -> None:
    context = stitch.Context(**FULL)
    for name, value in FULL.items():
        assert getattr(context, name) == value, name
    assert [type(value) for value in context.attributes.values()] == [str, int, float, bool, list, int, float, list]


def test_defaults() -> None:
    context = stitch.Context()
    assert (context.user_id, context.kind, context.tier, context.tenant_id) == (None, "user", "anonymous", None)
    assert (context.env, context.role_key, context.now) == (None, None, None)
    assert (context.attributes, context.overrides, context.approvals) == ({}, {}, {})
    assert context == stitch.Context(**dict.fromkeys(FULL)) == stitch.Context(kind="user", tier="anonymous")
    assert stitch.Context(tenant_id="").tenant_id is None


def test_none_is_absent() -> None:
    assert stitch.Context(attributes={"a": None}) == stitch.Context()
    assert stitch.Context(overrides={"user": None, "tenant": {"a": None}}) == stitch.Context()
    assert stitch.Context(approvals={"a": None}) == stitch.Context()


@pytest.mark.parametrize("fields", [FULL, {}, {"user_id": "U-1"}, {"attributes": {'q"\\': "\U0001f600"}}])
def test_pickling_equality_repr_and_json(fields: dict[str, Any]) -> None:
    context = stitch.Context(**fields)
    for again in (
        pickle.loads(pickle.dumps(context)),
        eval(repr(context), {"Context": stitch.Context}),
        stitch.Context.from_json(context.to_json()),
        stitch.Context.from_json(context.to_json().encode()),
        stitch.Context(**json.loads(context.to_json())),
        copy(context),
        deepcopy(context),
    ):
        assert again == context
        assert hash(again) == hash(context)
        assert repr(again) == repr(context)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(context, protocol)) == context


def test_equality() -> None:
    context = stitch.Context(**FULL)
    for name in FULL:
        assert stitch.Context(**{**FULL, name: None}) != context, name
    assert stitch.Context(attributes={"a": 1, "b": 2}) == stitch.Context(attributes={"b": 2.0, "a": 1})
    assert stitch.Context(attributes={"a": True}) != stitch.Context(attributes={"a": 1})
    assert stitch.Context(attributes={"a": 2**53 + 1}) != stitch.Context(attributes={"a": 2.0**53})
    assert stitch.Context() != {}
    assert len({stitch.Context("U-1"), stitch.Context("U-1"), stitch.Context("U-2")}) == 2


def test_matching() -> None:
    match stitch.Context("U-1", tier="staff"):
        case stitch.Context("U-1", tier="staff"):
            pass
        case _:
            pytest.fail("a context matches its fields")


def test_what_it_gives_are_copies() -> None:
    context = stitch.Context(**FULL)
    context.attributes.clear()
    context.attributes["e"].clear()
    context.overrides["user"].clear()
    assert context == stitch.Context(**FULL)


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (Index(5), 5),
        (Level.HIGH, 3),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (-0.0, 0.0),
        (("a", 1), ["a", 1]),
        ([Index(5)], [5]),
    ],
)
def test_attributes_that_are_taken(value: Any, taken: Any) -> None:
    attribute = stitch.Context(attributes={"a": value}).attributes["a"]
    assert attribute == taken
    assert str(attribute) == str(taken)


@pytest.mark.parametrize("mapping", [MappingProxyType, OrderedDict])
def test_any_mapping_will_do(mapping: Any) -> None:
    context = stitch.Context(attributes=mapping({"a": 1}), overrides=mapping({"user": mapping({"f": mapping({})})}))
    assert (context.attributes, context.overrides) == ({"a": 1}, {"user": {"f": {}}})


TOO_DEEP: Any = None
for _ in range(62):
    TOO_DEEP = [TOO_DEEP]


@pytest.mark.parametrize(
    ("error", "place", "fields"),
    [
        # wrong types
        (TypeError, "user_id", {"user_id": 5}),
        (TypeError, "kind", {"kind": b"user"}),
        (TypeError, "tenant_id", {"tenant_id": 5}),
        (TypeError, "tier", {"tier": ["staff"]}),
        (TypeError, "env", {"env": True}),
        (TypeError, "role_key", {"role_key": 5}),
        (TypeError, "attributes", {"attributes": [("a", 1)]}),
        (TypeError, "attributes: a key", {"attributes": {1: "a"}}),
        (TypeError, 'attributes["age"]', {"attributes": {"age": object()}}),
        (TypeError, 'attributes["age"]', {"attributes": {"age": {}}}),
        (TypeError, 'attributes["age"]', {"attributes": {"age": Decimal(1)}}),
        (TypeError, 'attributes["age"]', {"attributes": {"age": {1, 2}}}),
        (TypeError, 'attributes["age"]', {"attributes": {"age": datetime.now(timezone.utc)}}),
        (TypeError, 'attributes["age"]', {"attributes": {"age": Index("x")}}),
        (TypeError, 'attributes["age"][1]', {"attributes": {"age": [1, True]}}),
        (TypeError, 'attributes["age"][0]', {"attributes": {"age": [None]}}),
        (TypeError, 'attributes["age"][0]', {"attributes": {"age": [[]]}}),
        (TypeError, "overrides", {"overrides": []}),
        (TypeError, 'overrides["user"]', {"overrides": {"user": []}}),
        (TypeError, 'overrides["user"]["f"]["x"][0]', {"overrides": {"user": {"f": {"x": [object()]}}}}),
        (TypeError, "approvals", {"approvals": "CAB"}),
        (TypeError, 'approvals["f"]', {"approvals": {"f": 5}}),
        (TypeError, "now", {"now": True}),
        (TypeError, "now", {"now": "2026-01-01T00:00:00Z"}),
        (TypeError, "now", {"now": date(2026, 1, 1)}),
        # values that the contract refuses
        (stitch.ContextError, "user_id", {"user_id": ""}),
        (stitch.ContextError, "user_id", {"user_id": "u" * 1025}),
        (stitch.ContextError, "user_id", {"user_id": "\ud800"}),
        (stitch.ContextError, "tier", {"tier": "\udfff"}),
        (stitch.ContextError, "attributes: a key", {"attributes": {"\ud800": 1}}),
        (stitch.ContextError, 'attributes["é"]', {"attributes": {"é": "\ud800"}}),
        (stitch.ContextError, 'attributes["age"][0]', {"attributes": {"age": ["\ud800"]}}),
        (stitch.ContextError, 'attributes["age"]', {"attributes": {"age": 2**63}}),
        (stitch.ContextError, 'attributes["age"]', {"attributes": {"age": -(2**63) - 1}}),
        (stitch.ContextError, 'attributes["age"]', {"attributes": {"age": float("nan")}}),
        (stitch.ContextError, 'attributes["age"]', {"attributes": {"age": float("inf")}}),
        (stitch.ContextError, 'attributes["age"][0]', {"attributes": {"age": [float("-inf")]}}),
        (stitch.ContextError, 'attributes["tier"]', {"attributes": {"tier": "staff"}}),
        (stitch.ContextError, "attributes", {"attributes": {str(number): 1 for number in range(257)}}),
        (stitch.ContextError, "overrides", {"overrides": {"usr": {}}}),
        (stitch.ContextError, 'overrides["user"]["f"]', {"overrides": {"user": {"f": float("nan")}}}),
        (stitch.ContextError, 'overrides["user"]["f"][0]', {"overrides": {"user": {"f": [2**64]}}}),
        (stitch.ContextError, 'overrides["user"]["f"]', {"overrides": {"user": {"f": TOO_DEEP}}}),
        (stitch.ContextError, "now", {"now": datetime(2026, 1, 1)}),
        (stitch.ContextError, "now", {"now": 2**63}),
        (stitch.ContextError, "now", {"now": 0.5}),
    ],
)
def test_refusals_name_the_argument(error: type[Exception], place: str, fields: dict[str, Any]) -> None:
    with pytest.raises(error) as caught:
        stitch.Context(**fields)
    assert str(caught.value).startswith(place)
    with pytest.raises(error):
        engine_of({"key": "a"}).evaluate("a", **fields)
    if isinstance(caught.value, stitch.ContextError):
        assert isinstance(caught.value, ValueError)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (again.problems, str(again)) == (caught.value.problems, str(caught.value))
        assert caught.value.problems[0][0].startswith(place)


def test_refusals_never_tell_the_value() -> None:
    for fields in ({"user_id": "secret" * 200}, {"attributes": {"a": ["secret", object()]}}, {"kind": b"secret"}):
        with pytest.raises((TypeError, stitch.ContextError)) as caught:
            stitch.Context(**fields)
        assert "secret" not in str(caught.value)


def test_every_problem_is_told() -> None:
    with pytest.raises(stitch.ContextError) as caught:
        stitch.Context("", attributes={"tier": "x", "now": 5})
    assert [place for place, _ in caught.value.problems] == ["user_id", 'attributes["tier"]', 'attributes["now"]']


def test_a_naive_datetime_says_how_to_mend_it() -> None:
    with pytest.raises(stitch.ContextError, match="replace\\(tzinfo=timezone.utc\\)"):
        stitch.Context(now=datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("instant", "milliseconds"),
    [
        (datetime(1970, 1, 1, tzinfo=timezone.utc), 0),
        (datetime(2026, 1, 1, 7, 0, 0, 1999, tzinfo=timezone(timedelta(hours=7))), 1_767_225_600_001),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone.utc), -1),
        (datetime(1, 1, 1, tzinfo=timezone.utc), -62_135_596_800_000),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=-23))), 253_402_383_599_999),
        (-1, -1),
        (1000.0, 1000),
    ],
)
def test_now(instant: Any, milliseconds: int) -> None:
    assert stitch.Context(now=instant).now == milliseconds


def test_misfit_overrides_are_found_where_the_flag_is_known() -> None:
    engine = engine_of({"key": "a"}, {"key": "b"})
    context = stitch.Context("U-1", overrides={"user": {"a": "x"}, "tenant": {"b": 1, "unknown": []}})
    places = ['overrides["user"]["a"]', 'overrides["tenant"]["b"]']
    calls: list[Any] = [
        lambda: engine.evaluate("a", context),
        lambda: engine.evaluate_all(context),
        lambda: engine.explain("b", context),
        lambda: engine.bool("a", context, False),
        lambda: engine.flag("b").bool(context, False),
        lambda: stitch.Holder(engine).string("a", context, ""),
        lambda: engine.evaluate("a", user_id="U-1", overrides=context.overrides),
    ]
    for call in calls:
        with pytest.raises(stitch.ContextError) as caught:
            call()
        assert [place for place, _ in caught.value.problems] == places


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"usr_id": "x"}', "usr_id: is no field of a context: did you mean `user_id`?"),
        ('{"attributes": {"p": ["x", true]}}', 'attributes["p"][1]: '),
        ('{"user_id": "x", "user_id": "y"}', "user_id: "),
        ("[]", "context: "),
        ("{", "context: "),
        (b"\xff", "context: "),
    ],
)
def test_documents_that_are_refused(text: str | bytes, place: str) -> None:
    with pytest.raises(stitch.ContextError) as caught:
        stitch.Context.from_json(text)
    assert str(caught.value).startswith(place)


def test_documents_are_read_exactly() -> None:
    text = '{"attributes":{"i":9223372036854775807,"d":9223372036854775808,"e":1e22,"s":1.0}}'
    attributes = stitch.Context.from_json(text).attributes
    assert [type(value) for value in attributes.values()] == [int, float, float, float]
    assert attributes == {"i": 2**63 - 1, "d": 2.0**63, "e": 1e22, "s": 1.0}


def test_zero_has_no_sign() -> None:
    for context in (stitch.Context.from_json('{"attributes": {"z": -0.0}}'), stitch.Context(attributes={"z": -0.0})):
        assert str(context.attributes["z"]) in ("0", "0.0")


def test_long_strings_are_taken() -> None:
    text = "x" * 200_000
    assert stitch.Context(attributes={"bio": text}).attributes["bio"] == text
    assert stitch.Context.from_json(stitch.Context(attributes={"bio": text}).to_json()).attributes["bio"] == text
