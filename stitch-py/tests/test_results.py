"""Evaluations, explanations, trace entries and diagnostics as Python values."""

from __future__ import annotations

import json
import pickle
from copy import deepcopy
from typing import Any, get_args

import pytest

import stitch
from conftest import engine_of

NAMES = {"stitch": stitch, **{name: getattr(stitch, name) for name in stitch.__all__}}


def things(engine: stitch.Engine) -> list[Any]:
    context = stitch.Context("U-1", attributes={"country": "TH"})
    explanations = [engine.explain(key, context) for key in [*engine.flag_keys(), "nope"]]
    with pytest.raises(stitch.DefinitionsError) as caught:
        engine_of({"key": "it's"})
    entries = [entry for explanation in explanations for entry in explanation.trace]
    evaluations = [explanation.evaluation for explanation in explanations]
    return [*explanations, *evaluations, *entries, *caught.value.diagnostics]


def test_each_is_a_value(engine: stitch.Engine) -> None:
    for one, twin in zip(things(engine), things(engine), strict=True):
        assert one == twin
        assert hash(one) == hash(twin)
        assert repr(one) == repr(twin)
        assert eval(repr(one), NAMES) == one
        assert deepcopy(one) == one
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(one, protocol)) == one
        assert one != "other"


def test_different_ones_differ(engine: stitch.Engine) -> None:
    evaluations = engine.evaluate_all()
    assert len(set(evaluations)) == len(evaluations)
    base: dict[str, Any] = {
        "flag_key": "a",
        "value": 1,
        "variant_key": "one",
        "is_enabled": True,
        "reason": "stage_full",
        "rule_id": "r",
        "dependency": "d",
    }
    one = stitch.Evaluation(**base)
    others = {"value": True, "reason": "default", "is_enabled": False}
    for name in base:
        assert stitch.Evaluation(**{**base, name: others.get(name, "other")}) != one, name
    assert stitch.Evaluation("a", 1) != stitch.Evaluation("a", 1.0)
    assert stitch.Evaluation("a", [1, {"x": 2}]) == stitch.Evaluation("a", [1.0, {"x": 2}])
    assert hash(stitch.Evaluation("a", [1, {"x": 2}])) == hash(stitch.Evaluation("a", [1.0, {"x": 2}]))


def test_to_dict_and_json(engine: stitch.Engine) -> None:
    for explanation in (engine.explain(key) for key in engine.flag_keys()):
        result = explanation.evaluation.to_dict()
        assert json.loads(explanation.evaluation.to_json()) == result
        assert (
            json.loads(explanation.to_json())
            == explanation.to_dict()
            == {**result, "trace": explanation.to_dict()["trace"]}
        )
        assert [entry.to_dict() for entry in explanation.trace] == explanation.to_dict()["trace"]
        assert ("dependency" in result) == (explanation.evaluation.dependency is not None)
    assert engine.evaluate("float").to_json() == (
        '{"flag_key":"float","value":7.0,"variant_key":null,"is_enabled":false,"reason":"default","rule_id":null}'
    )
    assert engine.evaluate("int").to_json() == (
        '{"flag_key":"int","value":7,"variant_key":null,"is_enabled":false,"reason":"default","rule_id":null}'
    )


def test_matching(engine: stitch.Engine) -> None:
    match engine.explain("needs-paused"):
        case stitch.Explanation(
            stitch.Evaluation("needs-paused", False, "off", False, "dep_unsatisfied", None, dependency="paused"),
            (stitch.TraceEntry(1, "exists", "pass", {}), *_, stitch.TraceEntry(3, "dependencies", "decided")),
        ):
            pass
        case _:
            pytest.fail("an explanation matches its parts")
    match stitch.Diagnostic("error", "cycle", "/flags/0", "a needs b needs a", 3, 7):
        case stitch.Diagnostic("error", "cycle", "/flags/0", _, 3, 7):
            pass
        case _:
            pytest.fail("a diagnostic matches its parts")


def test_reasons_are_all_known() -> None:
    for reason in get_args(stitch.Reason):
        assert stitch.Evaluation("a", None, reason=reason).reason == reason
    with pytest.raises(ValueError, match="^reason: "):
        stitch.Evaluation("a", None, reason="nope")  # type: ignore[arg-type]


def test_values_that_no_flag_has() -> None:
    with pytest.raises(TypeError, match=r'^value\["x"\]: must be'):
        stitch.Evaluation("a", {"x": object()})
    with pytest.raises(ValueError, match="^value: is an integer beyond 64 bits$"):
        stitch.Evaluation("a", 2**63)


def test_explanations_hold_entries() -> None:
    with pytest.raises(TypeError, match="^trace: "):
        stitch.Explanation(stitch.Evaluation("a", None), ["x"])  # type: ignore[list-item]
