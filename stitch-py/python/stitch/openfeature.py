"""An OpenFeature provider that evaluates in this process: `pip install 'stitch[openfeature]'`.

>>> import openfeature.api, stitch
>>> from openfeature.evaluation_context import EvaluationContext
>>> from stitch.openfeature import StitchProvider
>>> engine = stitch.Engine.from_json('''{"schema_version": "1.0", "flags": [
...     {"key": "new-checkout", "default_value": false, "rollout_stage": "internal"}]}''')
>>> openfeature.api.set_provider_and_wait(StitchProvider(engine))
>>> details = openfeature.api.get_client().get_boolean_details(
...     "new-checkout", False, EvaluationContext("U-1", {"tier": "staff"}))
>>> details.value, details.variant, str(details.reason), details.flag_metadata
(True, 'on', 'TARGETING_MATCH', {'reason': 'stage_internal'})
>>> openfeature.api.shutdown()

With a `stitch.Client` in place of the engine the flags are those of its server: the provider is ready once the client
has definitions, and tells which flags changed, when they may be old, and when they are the newest again.

How the contract is told in OpenFeature's words stands in `spec/openfeature.md`: the targeting key is the `user_id`,
attributes named `kind`, `tenant_id`, `tier`, `env`, `role_key` and `now` set those fields, and `flag_metadata` has our
own `reason`, with `rule_id` and `dependency` where the result has them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from stitch import Client, Context, ContextError, Engine, Evaluation, Holder, State
from stitch._openfeature_context import read_context
from stitch._openfeature_values import to_boolean, to_float, to_integer, to_object, to_string

try:
    from openfeature.evaluation_context import EvaluationContext
    from openfeature.event import ProviderEventDetails
    from openfeature.exception import ErrorCode, ProviderNotReadyError
    from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
    from openfeature.provider import AbstractProvider, Metadata
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "stitch.openfeature needs OpenFeature's SDK: pip install 'stitch[openfeature]'", name=_missing.name
    ) from _missing

__all__ = ["StitchProvider"]

_T = TypeVar("_T")
_Object = Sequence[FlagValueType] | Mapping[str, FlagValueType]

_REASONS = {
    "paused": Reason.DISABLED,
    "rolled_back": Reason.DISABLED,
    "dep_unsatisfied": Reason.DEFAULT,
    "approval_missing": Reason.DEFAULT,
    "staged_out": Reason.DEFAULT,
    "unit_missing": Reason.DEFAULT,
    "default": Reason.DEFAULT,
    "user_override": Reason.TARGETING_MATCH,
    "tenant_override": Reason.TARGETING_MATCH,
    "stage_internal": Reason.TARGETING_MATCH,
    "stage_pilot": Reason.TARGETING_MATCH,
    "staged_in": Reason.SPLIT,
    "stage_full": Reason.STATIC,
}

_ERRORS = {
    "flag_not_found": (ErrorCode.FLAG_NOT_FOUND, "there is no flag `{}`"),
    "flag_invalid": (ErrorCode.PARSE_ERROR, "the definition of flag `{}`, or of what it refers to, has an error"),
}


def system_time() -> int:
    """The system's clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class StitchProvider(AbstractProvider):
    """Evaluates flags of an engine, which can be swapped at any time, or of a client, which follows its server.

    Contexts that have no `now` get the time of `clock`, in milliseconds since the epoch. `timeout` is how many seconds
    a client may take to have definitions. The client stays the caller's, to close when nobody asks any more.
    """

    def __init__(
        self, source: Engine | Client, *, clock: Callable[[], int] = system_time, timeout: float = 10.0
    ) -> None:
        super().__init__()
        self._source = source if isinstance(source, Client) else Holder(source)
        self._clock = clock
        self._timeout = timeout
        self._swapping = threading.RLock()
        self._is_listening = False
        self._is_over = False

    @property
    def engine(self) -> Engine:
        """The engine that serves; a client keeps its own for itself."""
        return self._holder().engine

    def swap(self, engine: Engine) -> list[str]:
        """Serves another engine from now on, and tells which flags really changed, in ascending order.

        Those are the flags that were added or removed, and those of which anything changed that an answer can depend
        on, be it in a flag or segment that they refer to. Where there are any, PROVIDER_CONFIGURATION_CHANGED names
        them.
        """
        with self._swapping:  # so that each event tells the difference to the one before
            before = _fingerprints(self._holder().swap(engine))
            after = _fingerprints(engine)
            changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
            if changed:
                self._changed(changed)
        return changed

    def _holder(self) -> Holder:
        if isinstance(self._source, Client):
            raise TypeError("the provider has a client, whose server says what is served: ask the client")
        return self._source

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        client = self._source
        if not isinstance(client, Client):
            return
        self._is_over = False
        is_ready = client.wait_ready(self._timeout)
        if not self._is_listening:
            self._is_listening = True
            client.on_change(self._changed)
            client.on_status(self._entered)
        if not is_ready and client.state.status == "starting":
            reason = client.state.last_error or f"nothing came within {self._timeout} s"
            raise ProviderNotReadyError(f"there are no definitions yet: {reason}")

    def shutdown(self) -> None:
        self._is_over = True

    def _changed(self, flags: list[str]) -> None:
        if not self._is_over:
            self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=list(flags)))

    def _entered(self, state: State) -> None:
        if self._is_over:
            return
        if state.status == "ready":
            self.emit_provider_ready(ProviderEventDetails())
        else:
            self.emit_provider_stale(ProviderEventDetails(message=state.last_error))

    def get_metadata(self) -> Metadata:
        return Metadata(name="stitch")

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        return self._resolve(flag_key, default_value, evaluation_context, to_boolean, "a boolean")

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        return self._resolve(flag_key, default_value, evaluation_context, to_string, "a string")

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        return self._resolve(flag_key, default_value, evaluation_context, to_integer, "an integer")

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        return self._resolve(flag_key, default_value, evaluation_context, to_float, "a float")

    def resolve_object_details(
        self, flag_key: str, default_value: _Object, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[_Object]:
        return self._resolve(flag_key, default_value, evaluation_context, to_object, "an object")

    def _resolve(
        self,
        flag_key: str,
        default_value: _T,
        evaluation_context: EvaluationContext | None,
        convert: Callable[[Any], _T | None],
        wanted: str,
    ) -> FlagResolutionDetails[_T]:
        context = read_context(evaluation_context or EvaluationContext(), self._clock)
        if not isinstance(context, Context):
            return _error(default_value, ErrorCode.INVALID_CONTEXT, context)
        try:
            evaluation = self._source.evaluate(flag_key, context)
        except ContextError as error:
            return _error(default_value, ErrorCode.INVALID_CONTEXT, str(error))
        metadata = _metadata(evaluation)
        if evaluation.reason in _ERRORS:
            code, message = _ERRORS[evaluation.reason]
            return _error(default_value, code, message.format(flag_key), metadata)
        if evaluation.reason == "unit_missing" and context.user_id is None:
            message = f"flag `{flag_key}` has nothing to bucket by: give the context a targeting key"
            return _error(default_value, ErrorCode.TARGETING_KEY_MISSING, message, metadata)
        value = convert(evaluation.value)
        if value is None:
            message = f"the value of flag `{flag_key}` cannot be read as {wanted} without loss"
            return _error(default_value, ErrorCode.TYPE_MISMATCH, message, metadata)
        is_by_rule = evaluation.rule_id is not None and evaluation.reason in ("staged_in", "stage_full")
        reason = Reason.TARGETING_MATCH if is_by_rule else _REASONS.get(evaluation.reason, Reason.UNKNOWN)
        return FlagResolutionDetails(value, None, None, reason, evaluation.variant_key, metadata)


def _fingerprints(engine: Engine) -> dict[str, int | None]:
    return {key: engine.flag(key).fingerprint for key in engine.flag_keys()}


def _metadata(evaluation: Evaluation) -> dict[str, bool | int | float | str]:
    metadata: dict[str, bool | int | float | str] = {"reason": evaluation.reason}
    if evaluation.rule_id is not None:
        metadata["rule_id"] = evaluation.rule_id
    if evaluation.dependency is not None:
        metadata["dependency"] = evaluation.dependency
    return metadata


def _error(
    default_value: _T, code: ErrorCode, message: str, metadata: dict[str, bool | int | float | str] | None = None
) -> FlagResolutionDetails[_T]:
    return FlagResolutionDetails(default_value, code, message, Reason.ERROR, None, metadata or {})
