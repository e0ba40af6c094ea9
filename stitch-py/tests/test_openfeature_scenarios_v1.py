"""The scenarios of `evaluation.feature`, which is the older of the two and has words of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import openfeature.api
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

import flagd
from scenario_world import NOT_FOUND, World, exactly, value_of
from stitch.openfeature import StitchProvider

if flagd.GHERKIN.is_dir():
    scenarios(str(flagd.GHERKIN / "evaluation.feature"))
else:

    @pytest.mark.skip(reason=NOT_FOUND)
    def test_scenarios() -> None:
        """There is nothing to run."""


@pytest.fixture
def world() -> Iterator[World]:
    yield World()
    openfeature.api.shutdown()


KEY = r'with key "(?P<key>[^"]+)"'


def unquoted(text: str) -> str:
    return text.removeprefix('"').removesuffix('"')


def listed(text: str) -> list[Any]:
    """`"fn", "ln" and 29`: quoted words are strings, true and false booleans, the rest integers."""
    words = re.findall(r'"[^"]*"|\d+', text)
    booleans = {'"true"': True, '"false"': False}
    return [booleans.get(word, unquoted(word) if word.startswith('"') else int(word)) for word in words if word]


@given("a stable provider")
def provider(world: World) -> None:
    openfeature.api.set_provider_and_wait(StitchProvider(world.engine))


def asks(world: World, kind: str, key: str, default: str) -> None:
    world.flag = (kind, key, value_of(kind, unquoted(default)))
    world.details = world.ask(*world.flag)
    if kind != "object":
        exactly(world.ask(*world.flag, how="value"), world.details.value)


@when(parsers.re(rf"an? (?P<kind>\w+) flag {KEY} is evaluated with (details and )?default value (?P<default>.+)"))
def evaluated(world: World, kind: str, key: str, default: str) -> None:
    asks(world, kind, key, default)


@when(parsers.re(rf"an object flag {KEY} is evaluated with (details and )?a null default value"))
def evaluated_object(world: World, key: str) -> None:
    asks(world, "object", key, "null")


@when(parsers.re(rf"a non-existent string flag {KEY} is evaluated with details and a fallback value (?P<default>.+)"))
def evaluated_missing(world: World, key: str, default: str) -> None:
    asks(world, "string", key, default)


@when(parsers.re(rf"a string flag {KEY} is evaluated as an integer, with details and a fallback value (?P<default>.+)"))
def evaluated_as_another(world: World, key: str, default: str) -> None:
    asks(world, "integer", key, default)


@when(parsers.re(r"context contains keys (?P<keys>.+) with values (?P<values>.+)"))
def context(world: World, keys: str, values: str) -> None:
    world.attributes = dict(zip(listed(keys), listed(values), strict=True))


@when(parsers.parse('a flag with key "{key}" is evaluated with default value "{default}"'))
def evaluated_in_context(world: World, key: str, default: str) -> None:
    asks(world, "string", key, default)


@then(parsers.re(r"the resolved (?P<kind>boolean|string|integer|float) value should be (?P<text>.+)"))
def value(world: World, kind: str, text: str) -> None:
    exactly(world.details.value, value_of(kind, unquoted(text)))


@then(
    parsers.re(
        r"the resolved object (details )?value should be contain fields (?P<fields>.+), "
        r"with values (?P<values>.+), respectively"
    )
)
def fields(world: World, fields: str, values: str) -> None:
    assert world.details.value == dict(zip(listed(fields), listed(values), strict=True))


@then(
    parsers.re(
        r"the resolved (?P<kind>boolean|string|integer|float) details value should be (?P<text>.+), "
        r'the variant should be "(?P<variant>.+)", and the reason should be "(?P<reason>.+)"'
    )
)
def details(world: World, kind: str, text: str, variant: str, reason: str) -> None:
    value(world, kind, text)
    variant_and_reason(world, variant, reason)


@then(parsers.re(r'the variant should be "(?P<variant>.+)", and the reason should be "(?P<reason>.+)"'))
def variant_and_reason(world: World, variant: str, reason: str) -> None:
    assert (world.details.variant, world.details.reason) == (variant, reason)


@then(parsers.parse('the resolved string response should be "{text}"'))
def response(world: World, text: str) -> None:
    exactly(world.details.value, text)


@then(parsers.parse('the resolved flag value is "{text}" when the context is empty'))
def response_to_nobody(world: World, text: str) -> None:
    world.attributes = {}
    exactly(world.ask(*world.flag, how="value"), text)


@then(parsers.re(r"the default (string|integer) value should be returned"))
def the_default(world: World) -> None:
    exactly(world.details.value, world.flag[2])


@then(parsers.re(r'the reason should indicate an error and the error code should indicate .+ with "(?P<code>\w+)"'))
def error(world: World, code: str) -> None:
    assert world.details.reason == "ERROR"
    assert world.details.error_code is not None
    assert world.details.error_code.value == code
