"""growthbook: an instance for each user, as it is for each request; the compiled features are shared by all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from growthbook import GrowthBook

from rows import ATTRIBUTES, DEPENDENT, ONE_RULE, STAGED, TIER, USERS, Way, neighbours


def _feature(**rule: Any) -> dict[str, Any]:
    return {"defaultValue": False, "rules": [{"force": True, **rule}]}


def ways() -> Iterator[list[Way]]:
    def staged(percent: int) -> dict[str, Any]:
        return _feature(coverage=percent / 100, hashAttribute="id")

    is_on = {"id": ONE_RULE, "condition": {"value": True}, "gate": True}
    definitions = {
        ONE_RULE: _feature(condition={"tier": TIER}),
        STAGED: staged(50),
        DEPENDENT: _feature(parentConditions=[is_on]),
    }
    definitions |= {key: staged(percent) for key, percent in neighbours(len(definitions))}
    shared = GrowthBook(features=definitions)
    features = shared.get_features()

    def instance(user: str) -> GrowthBook:
        return GrowthBook(attributes={**ATTRIBUTES, "id": user, "tier": TIER}, features=features)

    yield [
        Way(
            "is_on",
            "growthbook",
            [instance(user) for user in USERS],
            "context.is_on(key)",
            # Giving one instance other attributes is the cheaper of the two documented ways.
            "(shared.set_attributes({**attributes, 'id': user, 'tier': 'staff'}), shared)[1]",
            names=lambda _key: {"shared": shared},
        )
    ]
