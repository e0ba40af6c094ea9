"""statsig-python-core: specs from a data store, no network, no exposures logged; users built beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from statsig_python_core import (
    DataStore,
    DataStoreResponse,
    FeatureGateEvaluationOptions,
    Statsig,
    StatsigOptions,
    StatsigUser,
)

from rows import ATTRIBUTES, DEPENDENT, ONE_RULE, STAGED, TIER, USERS, Way, neighbours

TIME = 1_767_225_600_000


def _condition(kind: str, target: Any, operator: str | None = None, name: str | None = None) -> dict[str, Any]:
    more = {"custom_field": name} if name else {}
    return {
        "type": kind,
        "targetValue": target,
        "operator": operator,
        "field": name,
        "additionalValues": more,
        "idType": "userID",
    }


def _gate(key: str, percent: int, condition: str) -> dict[str, Any]:
    rule = {
        "name": "rule",
        "id": "rule",
        "salt": key,
        "idType": "userID",
        "passPercentage": percent,
        "conditions": [condition],
        "returnValue": True,
    }
    return {
        "type": "feature_gate",
        "entity": "feature_gate",
        "salt": key,
        "idType": "userID",
        "enabled": True,
        "version": 1,
        "defaultValue": False,
        "rules": [rule],
    }


def _specs() -> str:
    gates = {
        ONE_RULE: _gate(ONE_RULE, 100, "staff"),
        STAGED: _gate(STAGED, 50, "all"),
        DEPENDENT: _gate(DEPENDENT, 100, "one-rule"),
    }
    gates |= {key: _gate(key, percent, "all") for key, percent in neighbours(len(gates))}
    conditions = {
        "all": _condition("public", None),
        "staff": _condition("user_field", [TIER], "any", "tier"),
        "one-rule": _condition("pass_gate", ONE_RULE),
    }
    return json.dumps(
        {
            "feature_gates": gates,
            "condition_map": conditions,
            "dynamic_configs": {},
            "layer_configs": {},
            "layers": {},
            "experiment_to_layer": {},
            "has_updates": True,
            "time": TIME,
            "response_format": "dcs-v2",
        }
    )


class _Store(DataStore):
    def get(self, key: str) -> DataStoreResponse:
        return DataStoreResponse(result=_specs(), time=TIME)


def ways() -> Iterator[list[Way]]:
    options = StatsigOptions(
        data_store=_Store(),
        disable_network=True,
        disable_all_logging=True,
        disable_country_lookup=True,
        enable_id_lists=False,
    )
    client = Statsig("secret-none", options)
    client.initialize().wait()
    quiet = FeatureGateEvaluationOptions(disable_exposure_logging=True)
    yield [
        Way(
            "check_gate",
            "statsig-python-core",
            [StatsigUser(user_id=user, custom={**ATTRIBUTES, "tier": TIER}) for user in USERS],
            "client.check_gate(context, key, quiet)",
            "User(user_id=user, custom={**attributes, 'tier': 'staff'})",
            names=lambda _key: {"client": client, "quiet": quiet, "User": StatsigUser},
        )
    ]
    client.shutdown().wait()
