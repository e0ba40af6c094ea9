"""eppo-server-sdk: a client with a configuration of its own, which polls nothing and logs no assignment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import eppo_client
from eppo_client import AssignmentLogger, ClientConfig, Configuration

from rows import ATTRIBUTES, ONE_RULE, STAGED, TIER, USERS, Way, neighbours

BUCKETS = 10_000


def _flag(key: str, percent: int, rules: list[dict[str, Any]]) -> dict[str, Any]:
    inside = {"salt": key, "ranges": [{"start": 0, "end": BUCKETS * percent // 100}]}
    split = {"variationKey": "on", "shards": [] if percent == 100 else [inside]}
    return {
        "key": key,
        "enabled": True,
        "variationType": "BOOLEAN",
        "variations": {"on": {"key": "on", "value": True}, "off": {"key": "off", "value": False}},
        "allocations": [{"key": "rollout", "rules": rules, "splits": [split], "doLog": False}],
        "totalShards": BUCKETS,
    }


def ways() -> Iterator[list[Way]]:
    staff = {"conditions": [{"attribute": "tier", "operator": "ONE_OF", "value": [TIER]}]}
    flags = [_flag(ONE_RULE, 100, [staff]), _flag(STAGED, 50, [])]
    flags += [_flag(key, percent, []) for key, percent in neighbours(len(flags))]
    document = {
        "createdAt": "2026-01-01T00:00:00.000Z",
        "format": "SERVER",
        "environment": {"name": "bench"},
        "flags": {flag["key"]: flag for flag in flags},
    }
    configuration = Configuration(flags_configuration=json.dumps(document).encode())
    client = eppo_client.init(
        ClientConfig(
            api_key="none",
            assignment_logger=AssignmentLogger(),
            initial_configuration=configuration,
            poll_interval_seconds=None,
        )
    )
    yield [
        Way(
            "get_boolean_assignment",
            "eppo-server-sdk",
            [(user, {**ATTRIBUTES, "tier": TIER}) for user in USERS],
            "client.get_boolean_assignment(key, context[0], context[1], False)",
            "(user, {**attributes, 'tier': 'staff'})",
            names=lambda _key: {"client": client},
            missing={"E": "a flag cannot depend on another"},
        )
    ]
    client.shutdown()
