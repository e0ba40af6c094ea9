"""What a client tells, and how asyncio waits for it. The native module makes these."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from stitch._stitch import Client
    from stitch._types import Status

_SLICE = 0.25


class State(NamedTuple):
    """How a client fares, at one moment.

    >>> import stitch
    >>> state = stitch.Client("http://127.0.0.1:1", "an-sdk-key").state
    >>> state.status, state.number
    ('starting', 0)
    """

    status: Status
    """`ready`: the newest definitions serve. `stale`: they may be old. `starting`: there are none yet."""
    since: datetime
    """Since when it is so; definitions from a file are stale since they were saved."""
    history: str
    """Of the definitions that serve; numbers of different histories say nothing of each other."""
    number: int
    """Of the last change that serves; 0 without any."""
    environment: str | None
    """The key's environment, once there are definitions."""
    last_error: str | None
    """What last went wrong; it stays when all is well again."""


class EventCounts(NamedTuple):
    """What became of a client's events.

    >>> import stitch
    >>> stitch.Client("http://127.0.0.1:1", "an-sdk-key").events
    EventCounts(queued=0, accepted=0, rejected=0, dropped=0, last_error=None)
    """

    queued: int
    """Waiting, or on their way."""
    accepted: int
    """Accepted by the server: durable there, and counted once."""
    rejected: int
    """Rejected by the server: an unknown metric, a value of another type, a time too long ago."""
    dropped: int
    """Found no room in the queue, or were left when the client was closed."""
    last_error: str | None
    """What last went wrong; it stays when all is well again."""


State.__module__ = EventCounts.__module__ = "stitch"


async def ready(client: Client, timeout: float) -> bool:
    """As `wait_ready`, beside the loop; whoever is cancelled holds a thread for a moment only."""
    until = time.monotonic() + timeout
    while True:
        left = until - time.monotonic()
        if await asyncio.to_thread(client.wait_ready, max(0.0, min(left, _SLICE))):
            return True
        if left <= _SLICE:
            return False
