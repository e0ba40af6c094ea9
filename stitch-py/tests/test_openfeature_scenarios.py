"""The standard's own scenarios, against `StitchProvider`. They are read where they lie and are no part of this project.

Which of them do not apply, and why, stands in `scenario_world.NOT_APPLICABLE`; `contextMerging.feature` is about the
SDK alone, which merges the contexts before a provider sees one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import openfeature.api
import pytest
from openfeature.event import ProviderEventDetails
from openfeature.exception import GeneralError, ProviderFatalError
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagEvaluationOptions
from pytest_bdd import given, parsers, scenarios, then, when

import flagd
from scenario_world import NOT_FOUND, Recorder, Troubled, World, exactly, value_of
from stitch.openfeature import StitchProvider

FEATURES = ["evaluation_v2.feature", "hooks.feature", "metadata.feature"]

if flagd.GHERKIN.is_dir():
    scenarios(*[str(flagd.GHERKIN / feature) for feature in FEATURES])
else:

    @pytest.mark.skip(reason=NOT_FOUND)
    def test_scenarios() -> None:
        """There is nothing to run."""


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.ready.set()
    openfeature.api.shutdown()


# The provider


@given(parsers.re(r"an? (?P<status>stable|not ready|error|fatal|stale) provider"))
def provider(world: World, status: str) -> None:
    def fail(error: Exception) -> Callable[[], None]:
        def start() -> None:
            raise error

        return start

    if status == "not ready":
        openfeature.api.set_provider(Troubled(world.engine, world.wait))
        return
    if status in ("error", "fatal"):
        error = GeneralError("no connection") if status == "error" else ProviderFatalError("no licence")
        with pytest.raises(type(error)):
            openfeature.api.set_provider_and_wait(Troubled(world.engine, fail(error)))
        return
    serving = StitchProvider(world.engine)
    openfeature.api.set_provider_and_wait(serving)
    if status == "stale":
        serving.emit_provider_stale(ProviderEventDetails())


@then(parsers.parse('the provider status should be "{status}"'))
def provider_status(world: World, status: str) -> None:
    assert world.client.get_provider_status().value == status


# What is asked, and for whom


@given(parsers.re(r'an? (?P<kind>\w+)-flag with key "(?P<key>[^"]*)" and a fallback value "(?P<default>.*)"'))
def flag(world: World, kind: str, key: str, default: str) -> None:
    world.flag = (kind, key, value_of(kind, default))


@given(
    parsers.re(r'a context containing a key "(?P<key>[^"]*)", with type "(?P<kind>\w+)" and with value "(?P<text>.*)"')
)
def attribute(world: World, key: str, kind: str, text: str) -> None:
    world.attributes[key] = value_of(kind, text)


@given(parsers.parse('a context containing a key "{key}" with null value'))
def null_attribute(world: World, key: str) -> None:
    world.attributes[key] = None


@given("evaluation options containing specific hooks")
def options_with_hooks(world: World) -> None:
    world.hooks = [Recorder("first", world.log), Recorder("second", world.log)]
    world.options = FlagEvaluationOptions(hooks=list(world.hooks))


@given("an evaluation context with modifiable data")
def modifiable(world: World) -> None:
    world.attributes = {"email": "ballmer@macrosoft.com", "plans": ["pro", 2]}


@given("a client with added hook")
def client_with_hook(world: World) -> None:
    world.hooks = [Recorder("client", world.log)]
    world.client.add_hooks(list(world.hooks))


# Asking


@when("the flag was evaluated with details")
@when("the flag was evaluated with details using the evaluation options")
def evaluated(world: World) -> None:
    world.details = world.ask(*world.flag)


@when("the flag was evaluated with details asynchronously")
def evaluated_asynchronously(world: World) -> None:
    async def both() -> list[FlagEvaluationDetails[Any]]:
        questions = [world.ask(*world.flag, how="details_async") for _ in range(2)]
        return list(await asyncio.gather(*questions))

    world.details, other = asyncio.run(both())
    assert world.details == other


# What comes out


@then(parsers.re(r'the resolved details value should be "(?P<text>.*)"'))
def resolved(world: World, text: str) -> None:
    exactly(world.details.value, value_of(world.flag[0], text))


@then(parsers.parse('the flag key should be "{key}"'))
def flag_key(world: World, key: str) -> None:
    assert world.details.flag_key == key


@then(parsers.parse('the variant should be "{variant}"'))
def variant(world: World, variant: str) -> None:
    assert world.details.variant == variant


@then(parsers.parse('the reason should be "{reason}"'))
def reason(world: World, reason: str) -> None:
    assert world.details.reason == reason


@then(parsers.parse('the error-code should be "{code}"'))
def error_code(world: World, code: str) -> None:
    assert world.details.error_code is not None
    assert world.details.error_code.value == code


@then("the evaluation should complete without blocking")
def no_blocking(world: World) -> None:
    assert world.details.error_code is None


@then("the original evaluation context should remain unmodified")
def context_unmodified(world: World) -> None:
    assert world.attributes == {"email": "ballmer@macrosoft.com", "plans": ["pro", 2]}


@then("the evaluation details should be immutable")
def details_immutable(world: World) -> None:
    """The SDK's details are a plain dataclass: what is done to one must not reach the next."""
    before = (world.details.value, dict(world.details.flag_metadata))
    world.details.value = None
    world.details.flag_metadata["reason"] = "changed"  # type: ignore[index]
    again = world.ask(*world.flag)
    assert (again.value, again.flag_metadata) == before


# Hooks


@then("the specified hooks should execute during evaluation")
def hooks_executed(world: World) -> None:
    assert {name for name, _ in world.log} == {"first", "second"}


@then("the hook order should be maintained")
def hook_order(world: World) -> None:
    names = ["first", "second"]
    stages = [(name, "before") for name in names]
    stages += [(name, stage) for stage in ("after", "finally") for name in reversed(names)]
    assert world.log == stages


@then(parsers.parse('the "{stage}" hook should have been executed'))
def hook_executed(world: World, stage: str) -> None:
    assert ("client", stage) in world.log


@then(parsers.parse('the "{stages}" hooks should be called with evaluation details'))
def hooks_called(world: World, stages: str, datatable: list[list[str]]) -> None:
    for stage in stages.split(", "):
        details = world.hooks[0].details[stage]
        for kind, key, text in datatable[1:]:
            wanted = value_of(kind, text)
            got = getattr(details, key)
            exactly(str(got.value) if hasattr(got, "value") else got, wanted)
