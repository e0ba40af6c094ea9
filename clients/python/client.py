"""The published Python client, asked through its public API: client.py URL ASKS."""

import json
import sys
from pathlib import Path

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

from report import Report, equal

URL, ASKS = sys.argv[1], Path(sys.argv[2])
DEFAULTS = {"boolean": None, "string": "the caller's", "integer": -1, "float": -1.5, "object": {"the": "caller's"}}


def client(name: str, **options: object):
    api.set_provider(OFREPProvider(URL, **options), name)
    return api.get_client(name)


def check(client, ask: dict) -> None:
    fields = dict(ask.get("context", {}))
    context = EvaluationContext(targeting_key=fields.pop("targetingKey", None), attributes=fields)
    default = DEFAULTS[ask["type"]]
    if default is None:
        default = not ask.get("value", False)
    details = getattr(client, f"get_{ask['type']}_details")(ask["flag"], default, context)
    if "error" in ask:
        equal(details.error_code and details.error_code.value, ask["error"])
        equal(details.value, default)
        equal(str(details.reason), "ERROR")
        assert details.error_message, "the error has no message"
        return
    equal(details.error_code, None)
    equal(details.value, ask["value"])
    equal(details.variant, ask["variant"])
    equal(str(details.reason), ask["reason"])
    equal(details.flag_metadata, ask["metadata"])


def key_is_refused() -> None:
    refused = client("with-key", headers_factory=lambda: {"X-API-Key": "dummy"})
    details = refused.get_boolean_details("open", False)
    equal((details.value, details.error_code.value, details.error_message), (False, "GENERAL", "unauthorized"))


report = Report("python")
plain = client("plain")
for ask in json.loads(ASKS.read_text(encoding="utf-8")):
    told = ask.get("error") or f"{ask['reason']} {json.dumps(ask['value'], ensure_ascii=False)}"
    report.check(f"{ask['flag']} for {json.dumps(ask.get('context', {}))} is {told}", lambda ask=ask: check(plain, ask))
report.check("a key that is not valid is refused", key_is_refused)
report.end()
