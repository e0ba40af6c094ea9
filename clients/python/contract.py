"""What the server answers, held against the protocol's own schema: contract.py URL ASKS OPENAPI.

Two readings of the schema, both for a reason:
- `oneOf` is read as `anyOf`: it has an empty alternative, so that taken strictly it refuses every ordinary answer.
- `DEFAULT` is a reason: OpenFeature has it and all clients know it, the schema's list leaves it out.
"""

import json
import sys
from pathlib import Path

import requests
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from report import Report, equal

URL, ASKS, OPENAPI = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
FLAGS = f"{URL}/ofrep/v1/evaluate/flags"


def read(node):
    """The schema with `oneOf` as `anyOf`."""
    if isinstance(node, dict):
        return {"anyOf" if key == "oneOf" else key: read(value) for key, value in node.items()}
    return [read(item) for item in node] if isinstance(node, list) else node


document = read(yaml.safe_load(OPENAPI.read_text(encoding="utf-8")))
reasons = document["components"]["schemas"]["evaluationSuccess"]["allOf"][0]["properties"]["reason"]["enum"]
if "DEFAULT" not in reasons:
    reasons.append("DEFAULT")


def conforms(answer, schema: str) -> None:
    root = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(root, format_checker=FormatChecker()).iter_errors(answer)]
    assert not errors, "; ".join(errors)


def post(path: str, body: object, **headers: str) -> requests.Response:
    return requests.post(FLAGS + path, json=body, headers=headers, timeout=10)


def one(ask: dict) -> None:
    body = {"context": {"targetingKey": "U-0", **ask.get("context", {})}}
    conforms(body, "evaluationRequest")
    if "targetingKey" not in ask.get("context", {}):
        del body["context"]["targetingKey"]
    answer = post(f"/{ask['flag']}", body)
    error = ask.get("error")
    if error in (None, "TYPE_MISMATCH"):
        equal(answer.status_code, 200)
        conforms(answer.json(), "serverEvaluationSuccess")
        assert answer.json()["value"] is not None
    elif error == "FLAG_NOT_FOUND":
        equal(answer.status_code, 404)
        conforms(answer.json(), "flagNotFound")
    else:
        equal(answer.status_code, 400)
        conforms(answer.json(), "evaluationFailure")
        equal(answer.json()["errorCode"], error)


def bulk() -> None:
    for context in ({}, {"targetingKey": "U-1"}):
        answer = post("", {"context": context})
        equal(answer.status_code, 200)
        conforms(answer.json(), "bulkEvaluationSuccess")
        for flag in answer.json()["flags"]:
            conforms(flag, "evaluationFailure" if "errorCode" in flag else "evaluationSuccess")
        for stream in answer.json()["eventStreams"]:
            conforms(stream, "eventStream")
        again = post("", {"context": context}, **{"If-None-Match": answer.headers["ETag"]})
        equal((again.status_code, again.content, again.headers["ETag"]), (304, b"", answer.headers["ETag"]))


def bulk_fails() -> None:
    for body, code in (({"context": {"tier": 7}}, "INVALID_CONTEXT"), ([], "PARSE_ERROR")):
        answer = post("", body)
        equal(answer.status_code, 400)
        conforms(answer.json(), "bulkEvaluationFailure")
        equal(answer.json()["errorCode"], code)


def others_fail() -> None:
    for answer in (
        requests.get(FLAGS, timeout=10),
        requests.post(FLAGS, data="{}", headers={"Content-Type": "text/plain"}, timeout=10),
        post("", {}, **{"X-API-Key": "dummy"}),
    ):
        assert answer.status_code in (401, 405, 415)
        conforms(answer.json(), "generalErrorResponse")


def stream() -> None:
    uri = post("", {"context": {}}).json()["eventStreams"][0]["endpoint"]["requestUri"]
    missed = uri.partition("since=")[0] + "since=another"
    with requests.get(URL + missed, stream=True, timeout=10) as answer:
        equal((answer.status_code, answer.headers["Content-Type"]), (200, "text/event-stream"))
        event = {}
        for line in answer.iter_lines(decode_unicode=True):
            field, separator, value = line.partition(": ")
            if separator and field:
                event[field] = value
            if "data" in event and not line:
                break
    conforms({**event, "retry": int(event.get("retry", 0))}, "sseEvent")
    equal((event["event"], json.loads(event["data"])["type"]), ("message", "refetchEvaluation"))
    conforms(json.loads(event["data"]), "sseEventData")


report = Report("contract")
for ask in json.loads(ASKS.read_text(encoding="utf-8")):
    report.check(f"{ask['flag']} for {json.dumps(ask.get('context', {}))}", lambda ask=ask: one(ask))
report.check("all flags", bulk)
report.check("all flags, refused", bulk_fails)
report.check("what else fails", others_fail)
report.check("the stream", stream)
report.end()
