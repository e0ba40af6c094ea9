"""What all tests share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import stitch
from server import Server


def engine_of(*flags: dict[str, Any], lenient: bool = False, **registry: Any) -> stitch.Engine:
    """An engine of these flags; `default_value` is False unless said."""
    document = {
        "schema_version": "1.0",
        "flags": [{"default_value": False, **flag} for flag in flags],
        **registry,
    }
    return stitch.Engine.from_json(json.dumps(document), lenient=lenient)


OBJECT = {"title": "é", "sizes": [1, 2.5, None, {"deep": [True]}], "none": None}

FLAGS: tuple[dict[str, Any], ...] = (
    {"key": "full", "rollout_stage": "full"},
    {"key": "paused", "rollout_stage": "paused", "default_value": True},
    {"key": "needs-paused", "rollout_stage": "full", "dependencies": ["paused"]},
    {
        "key": "text",
        "type": "string",
        "default_value": "old",
        "variants": {"old": "old", "new": "new"},
        "serve": "old",
        "rollout_stage": "full",
        "rules": [{"id": "thai", "when": {"attr": "country", "op": "eq", "value": "TH"}, "serve": "new"}],
    },
    {"key": "int", "type": "integer", "default_value": 7.0, "variants": {"max": 2**63 - 1}, "serve": "max"},
    {"key": "float", "type": "double", "default_value": 7, "variants": {"half": 0.5}, "serve": "half"},
    {"key": "object", "type": "object", "default_value": OBJECT, "variants": {"empty": []}, "serve": "empty"},
    {"key": "expires", "rollout_stage": "draft"},
)


@pytest.fixture(scope="session")
def engine() -> stitch.Engine:
    """One flag of each kind."""
    expiring = {
        "id": "row",
        "scope": "user",
        "flag_key": "expires",
        "user_id": "U-1",
        "value": True,
        "expires_at": "2026-01-01T00:00:00Z",
    }
    return engine_of(*FLAGS, overrides=[expiring])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture
def server(shared: Server) -> Server:
    """The flag `n` answers with 0."""
    shared.put("n", 0)
    return shared


def pytest_bdd_apply_tag(tag: str, function: Any) -> bool | None:
    """Skips the scenarios that do not apply, saying why; other tags mean nothing here."""
    from scenario_world import NOT_APPLICABLE

    if tag in NOT_APPLICABLE:
        pytest.mark.skip(reason=f"does not apply: {NOT_APPLICABLE[tag]}")(function)
    return True
