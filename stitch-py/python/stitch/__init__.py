"""Feature flags: is it on for this user, and which variant do they get?

>>> import stitch
>>> engine = stitch.Engine.from_json('''{"schema_version": "1.0", "flags": [
...     {"key": "flags.registry_v1", "default_value": false, "rollout_stage": "internal"}]}''')
>>> context = stitch.Context("U-1", tier="staff", env="prod", attributes={"country": "TH"})
>>> engine.evaluate("flags.registry_v1", context)  # cannot fail: an unknown flag is a reason
Evaluation(flag_key='flags.registry_v1', value=True, variant_key='on', is_enabled=True, reason='stage_internal', rule_id=None)
>>> flag = engine.flag("flags.registry_v1")  # a handle: the name is looked up once, for hot loops
>>> flag.bool(context, False)
True
"""  # noqa: E501

import atexit as _atexit
import os as _os

from stitch._client import EventCounts, State
from stitch._errors import ContextError, DefinitionsError
from stitch._stitch import (
    Client,
    Context,
    Diagnostic,
    Engine,
    Evaluation,
    Explanation,
    Flag,
    Holder,
    LiveFlag,
    TraceEntry,
    _end_all,
    _forked,
)
from stitch._types import AttributeValue, ContextFields, FlagValue, Reason, Severity, Status, ValueType

_atexit.register(_end_all)
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_forked)

__all__ = [
    "AttributeValue",
    "Client",
    "Context",
    "ContextError",
    "ContextFields",
    "DefinitionsError",
    "Diagnostic",
    "Engine",
    "Evaluation",
    "EventCounts",
    "Explanation",
    "Flag",
    "FlagValue",
    "Holder",
    "LiveFlag",
    "Reason",
    "Severity",
    "State",
    "Status",
    "TraceEntry",
    "ValueType",
]
