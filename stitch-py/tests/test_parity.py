"""The vectors of `parity/` through the wheel, in each of its ways to ask."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

import stitch
import vectors
from vectors import Case, Question

INT64 = range(-(2**63), 2**63)


def over(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", vectors.cases(kind), ids=str)


@functools.lru_cache(maxsize=4)
def compiled(text: str, lenient: bool) -> stitch.Engine:
    return stitch.Engine.from_json(text, lenient=lenient)


def exact(value: Any) -> Any:
    """Numbers as the contract reads them: an integer beyond 64 bits is a double. The arguments of Python refuse it."""
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return float(value) if type(value) is int and value not in INT64 else value


def same(got: Any, wanted: Any) -> bool:
    """Equal values; True is not 1."""
    if isinstance(wanted, dict):
        return isinstance(got, dict) and got.keys() == wanted.keys() and all(same(got[key], wanted[key]) for key in got)
    if isinstance(wanted, list):
        return isinstance(got, list) and len(got) == len(wanted) and all(map(same, got, wanted))
    return isinstance(got, bool) == isinstance(wanted, bool) and bool(got == wanted)


TYPES: dict[str | None, Any] = {
    "boolean": bool,
    "string": str,
    "integer": int,
    "double": float,
    "object": (dict, list),
    None: type(None),
}


def answers(engine: stitch.Engine, flag: str, contexts: dict[str, stitch.Context]) -> Iterator[tuple[str, Any]]:
    for name, context in contexts.items():
        yield f"evaluate, {name}", engine.evaluate(flag, context)
        yield f"flag.evaluate, {name}", engine.flag(flag).evaluate(context)
        yield f"explain, {name}", engine.explain(flag, context).evaluation
        yield f"flag.explain, {name}", engine.flag(flag).explain(context).evaluation
        yield f"holder, {name}", stitch.Holder(engine).evaluate(flag, context)
        for evaluation in engine.evaluate_all(context):
            if evaluation.flag_key == flag:
                yield f"evaluate_all, {name}", evaluation


def check(question: Question) -> None:
    engine = compiled(json.dumps(question.registry), question.lenient)
    arguments = exact(question.context)
    contexts = {
        "from JSON": stitch.Context.from_json(json.dumps(question.context)),
        "from arguments": stitch.Context(**arguments),
    }
    assert contexts["from JSON"] == contexts["from arguments"]
    value_type = engine.flag(question.flag).value_type
    for way, evaluation in answers(engine, question.flag, contexts):
        assert same(evaluation.to_dict(), question.expect), way
        assert same(json.loads(evaluation.to_json()), question.expect), way
        assert isinstance(evaluation.value, TYPES[value_type]), way
        assert value_type != "integer" or type(evaluation.value) is int, way
    assert engine.evaluate(question.flag, **arguments) == engine.evaluate(question.flag, contexts["from JSON"])
    check_readers(engine, question, contexts["from arguments"], value_type)
    if question.trace is not None:
        for context in contexts.values():
            trace = engine.explain(question.flag, context).trace
            assert [[entry.name, entry.outcome] for entry in trace] == question.trace
            assert [entry.step for entry in trace] == list(range(1, len(trace) + 1))


def check_readers(engine: stitch.Engine, question: Question, context: stitch.Context, value_type: str | None) -> None:
    """Each reader gives the value of a flag of its type, and of every other flag the default."""
    defaults: dict[str, Any] = {"boolean": True, "string": "?", "integer": -7, "double": -0.5, "object": [None]}
    names = {"boolean": "bool", "string": "string", "integer": "integer", "double": "double", "object": "object"}
    for reader, default in defaults.items():
        wanted = question.expect["value"] if reader == value_type else default
        for asked in (engine, stitch.Holder(engine)):
            assert same(getattr(asked, names[reader])(question.flag, context, default), wanted), reader
        assert same(getattr(engine.flag(question.flag), names[reader])(context, default), wanted), reader


@over("evaluations")
def test_evaluation(case: Case) -> None:
    check(vectors.evaluation(case))


@over("conditions")
def test_condition(case: Case) -> None:
    check(vectors.condition(case))


@over("buckets")
def test_bucket(case: Case) -> None:
    for question in vectors.buckets(case):
        check(question)


@over("contexts")
def test_context(case: Case) -> None:
    engine = compiled(json.dumps(case.document["registry"]), False)
    document = case.case["context"]

    def refused(**how: Any) -> bool:
        try:
            engine.evaluate_all(stitch.Context.from_json(json.dumps(document)) if not how else stitch.Context(**how))
        except (stitch.ContextError, TypeError):
            return True
        return False

    assert refused() == case.case["refused"]
    if isinstance(document, dict) and document:
        assert refused(**exact(document)) == case.case["refused"]


@over("diagnostics")
def test_diagnostics(case: Case) -> None:
    try:
        diagnostics = stitch.Engine.from_json(vectors.definitions(case)).diagnostics
    except stitch.DefinitionsError as error:
        diagnostics = error.diagnostics
    got = sorted([diagnostic.severity, diagnostic.code, diagnostic.pointer] for diagnostic in diagnostics)
    assert got == sorted(case.case["expect"])


def test_the_set_is_whole() -> None:
    """The contract's own numbers: exactly nineteen cases, and at least four hundred vectors."""
    evaluations = vectors.cases("evaluations")
    assert sum(case.file == "contract" for case in evaluations) == 19
    kinds = ["evaluations", "conditions", "buckets", "contexts", "diagnostics"]
    assert sum(len(vectors.cases(kind)) for kind in kinds) - 19 >= 400
