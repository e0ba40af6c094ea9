"""What the steps of OpenFeature's scenarios share: a provider, a client, and what was said so far."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import openfeature.api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagEvaluationOptions
from openfeature.hook import Hook

import flagd
import stitch
from stitch.openfeature import StitchProvider

NO_METADATA = "flag_metadata has the contract's own words (reason, rule_id, dependency), never a definition's metadata"

# By tag.
NOT_APPLICABLE = {
    "reason-codes-cached": "nothing is cached: the answer is computed each time, in well under a microsecond",
    "metadata": NO_METADATA,
    "Metadata": NO_METADATA,
}

NOT_FOUND = "OpenFeature's scenarios were not found, skipped: OPENFEATURE_GHERKIN can name their folder"


class Troubled(StitchProvider):
    """A provider whose start goes as its name says."""

    def __init__(self, engine: stitch.Engine, start: Callable[[], None]) -> None:
        super().__init__(engine)
        self.start = start

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        self.start()


class Recorder(Hook):
    """A hook that remembers."""

    def __init__(self, name: str, log: list[tuple[str, str]]) -> None:
        self.name, self.log = name, log
        self.details: dict[str, FlagEvaluationDetails[Any]] = {}

    def before(self, hook_context: Any, hints: Any) -> None:
        self.log.append((self.name, "before"))

    def after(self, hook_context: Any, details: FlagEvaluationDetails[Any], hints: Any) -> None:
        self.log.append((self.name, "after"))
        self.details["after"] = details

    def error(self, hook_context: Any, exception: Exception, hints: Any) -> None:
        self.log.append((self.name, "error"))

    def finally_after(self, hook_context: Any, details: FlagEvaluationDetails[Any], hints: Any) -> None:
        self.log.append((self.name, "finally"))
        self.details["finally"] = details


class World:
    """What a scenario has said so far."""

    def __init__(self) -> None:
        self.engine = stitch.Engine.from_json(flagd.registry())
        self.client: OpenFeatureClient = openfeature.api.get_client()
        self.flag: tuple[str, str, Any] = ("Boolean", "", False)
        self.attributes: dict[str, Any] = {}
        self.options = FlagEvaluationOptions()
        self.details: FlagEvaluationDetails[Any] = FlagEvaluationDetails("", None)
        self.log: list[tuple[str, str]] = []
        self.hooks: list[Recorder] = []
        self.ready = threading.Event()

    def wait(self) -> None:
        self.ready.wait()

    def ask(self, kind: str, key: str, default: Any, how: str = "details") -> Any:
        context = EvaluationContext(attributes=self.attributes)
        question = getattr(self.client, f"get_{kind.lower()}_{how}")
        return question(key, default, context, self.options)


def value_of(kind: str, text: str) -> Any:
    """A cell of a table, as a value of that type."""
    if text == "null":
        return None
    kind = kind.lower()
    if kind == "string":
        return text
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    return {"integer": int, "float": float}.get(kind, json.loads)(text.replace('\\"', '"'))


def exactly(got: Any, wanted: Any) -> None:
    assert got == wanted
    assert type(got) is type(wanted)
