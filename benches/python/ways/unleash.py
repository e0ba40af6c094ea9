"""UnleashClient: a bootstrapped cache, nothing fetched, registered or counted; contexts built beforehand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

from UnleashClient import UnleashClient
from UnleashClient.cache import FileCache

from rows import ATTRIBUTES, DEPENDENT, ONE_RULE, STAGED, TIER, USERS, Way, neighbours


def _feature(key: str, strategy: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": key, "type": "release", "enabled": True, "strategies": [strategy], **more}


def _staged(key: str, percent: int) -> dict[str, Any]:
    parameters = {"rollout": str(percent), "stickiness": "userId", "groupId": key}
    return _feature(key, {"name": "flexibleRollout", "parameters": parameters})


def ways() -> Iterator[list[Way]]:
    staff = {"contextName": "tier", "operator": "IN", "values": [TIER]}
    features = [
        _feature(ONE_RULE, {"name": "default", "constraints": [staff]}),
        _staged(STAGED, 50),
        _feature(DEPENDENT, {"name": "default"}, dependencies=[{"feature": ONE_RULE}]),
    ]
    features += [_staged(key, percent) for key, percent in neighbours(len(features))]
    with tempfile.TemporaryDirectory() as folder:
        cache = FileCache("bench", directory=folder)
        cache.bootstrap_from_dict({"version": 2, "features": features})
        client = UnleashClient(
            url="http://127.0.0.1:1/api",
            app_name="bench",
            cache=cache,
            disable_metrics=True,
            disable_registration=True,
        )
        client.initialize_client(fetch_toggles=False)
        yield [
            Way(
                "is_enabled",
                "UnleashClient",
                [{"userId": user, "properties": {**ATTRIBUTES, "tier": TIER}} for user in USERS],
                "client.is_enabled(key, context)",
                "{'userId': user, 'properties': {**attributes, 'tier': 'staff'}}",
                names=lambda _key: {"client": client},
            )
        ]
        client.destroy()
