"""The vectors of `parity/` through OpenFeature's own client: it reads the value that the core serves.

Cases that a client cannot ask are counted by the reason, in the last test.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import openfeature.api
import pytest
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails

import stitch
import vectors
from stitch.openfeature import StitchProvider
from test_parity import compiled, exact, same
from vectors import Question

NOW = 1_700_000_000_000
ERRORS = ("flag_not_found", "flag_invalid")


def questions() -> Iterator[tuple[str, Question]]:
    kinds: dict[str, Callable[[Any], Any]] = {"evaluations": vectors.evaluation, "conditions": vectors.condition}
    for kind, expand in kinds.items():
        for case in vectors.cases(kind):
            yield str(case), expand(case)
    for case in vectors.cases("buckets"):
        for index, question in enumerate(vectors.buckets(case)):
            yield f"{case}, {'at' if index == 0 else 'above'}", question


def obstacle(question: Question) -> str | None:
    """Why a client cannot ask this."""
    context = {name: value for name, value in question.context.items() if value is not None}
    if context.keys() & {"overrides", "approvals"}:
        return "overrides and approvals do not travel in an OpenFeature context"
    attributes = context.get("attributes", {})
    if attributes.keys() & {"user_id", "kind", "tenant_id", "tier", "env", "role_key", "now"}:
        return "an attribute is named as a field"
    if "now" not in context:
        engine = compiled(json.dumps(question.registry), question.lenient)
        clocked = stitch.Context(**exact({**context, "now": NOW}))
        if not same(engine.evaluate(question.flag, clocked).to_dict(), question.expect):
            return "it holds only without a clock, and the provider has one"
    return None


ALL = [(name, question, obstacle(question)) for name, question in questions()]
ASKED = [pytest.param(question, id=name) for name, question, why in ALL if why is None]


@pytest.mark.parametrize("question", ASKED)
def test_the_client_reads_the_cores_value(question: Question) -> None:
    engine = compiled(json.dumps(question.registry), question.lenient)
    openfeature.api.set_provider_and_wait(StitchProvider(engine, clock=lambda: NOW), "parity")
    client = openfeature.api.get_client("parity")
    context = exact(question.context)
    fields = {name: value for name, value in context.items() if name not in ("user_id", "attributes")}
    asked = EvaluationContext(context.get("user_id"), {**fields, **(context.get("attributes") or {})})
    defaults: dict[str | None, Any] = {"boolean": None, "string": "?", "integer": -1, "double": -1.5, "object": {}}
    value_type = engine.flag(question.flag).value_type
    # An unlikely default, so that the caller's own is not taken for the flag's.
    default = not question.expect["value"] if value_type in ("boolean", None) else defaults[value_type]
    kind = {"double": "float"}.get(value_type or "boolean", value_type or "boolean")
    details: FlagEvaluationDetails[Any] = getattr(client, f"get_{kind}_details")(question.flag, default, asked)
    reason = question.expect["reason"]
    is_error = reason in ERRORS or (reason == "unit_missing" and not context.get("user_id"))
    assert (details.error_code is not None) == is_error, details
    assert same(details.value, default if is_error else question.expect["value"]), details
    if not is_error:
        assert details.variant == question.expect["variant_key"]
        assert details.flag_metadata["reason"] == reason
        assert details.flag_metadata.get("rule_id") == question.expect["rule_id"]


def test_most_cases_can_be_asked() -> None:
    reasons = Counter(why for _, _, why in ALL if why is not None)
    for why, count in reasons.most_common():
        print(f"{count:5} {why}")
    assert len(ASKED) > 2_500, reasons
    assert sum(reasons.values()) < 250, reasons
