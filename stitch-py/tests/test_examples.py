"""The examples of the docstrings, the native ones too."""

from __future__ import annotations

import doctest
import importlib

import pytest

import stitch

MODULES = ["stitch", "stitch._client", "stitch._errors", "stitch.openfeature"]
EXAMPLES = [
    test
    for name in MODULES
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name), name)
    if test.examples
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(example: doctest.DocTest) -> None:
    report: list[str] = []
    results = doctest.DocTestRunner().run(example, out=report.append)
    assert results.attempted > 0
    assert results.failed == 0, "".join(report)


def test_every_class_has_an_example() -> None:
    classes = {f"stitch.{name}" for name in stitch.__all__ if isinstance(getattr(stitch, name), type)}
    assert classes - {example.name for example in EXAMPLES} == {"stitch.ContextFields"}


def test_everything_says_what_it_is() -> None:
    """Docstrings reach the wheel, for `help` and for editors."""
    for name in stitch.__all__:
        thing = getattr(stitch, name)
        if isinstance(thing, type):
            for attribute in vars(thing):
                if not attribute.startswith("_"):
                    assert getattr(thing, attribute).__doc__, f"{name}.{attribute}"
