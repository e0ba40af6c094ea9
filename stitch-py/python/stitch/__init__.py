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

from stitch._errors import ContextError, DefinitionsError
from stitch._stitch import Context, Diagnostic, Engine, Evaluation, Explanation, Flag, Holder, TraceEntry
from stitch._types import AttributeValue, ContextFields, FlagValue, Reason, Severity, ValueType

__all__ = [
    "AttributeValue",
    "Context",
    "ContextError",
    "ContextFields",
    "DefinitionsError",
    "Diagnostic",
    "Engine",
    "Evaluation",
    "Explanation",
    "Flag",
    "FlagValue",
    "Holder",
    "Reason",
    "Severity",
    "TraceEntry",
    "ValueType",
]
