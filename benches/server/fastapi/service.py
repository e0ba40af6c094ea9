"""What people have today: flags in a JSON file, decided by plain Python behind FastAPI and uvicorn.

REGISTRY names the file. The answers have the same fields as stitch-server's.
"""

import json
import os
import re
import uuid
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Header, HTTPException, Query, Response
from pydantic import BaseModel

DOCUMENT = json.loads(Path(os.environ["REGISTRY"]).read_text())
FLAGS = {flag["key"]: flag for flag in DOCUMENT["flags"]}
INTERNAL = set(DOCUMENT.get("internal_tiers", ["staff", "admin"]))
ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
OPERATORS = {
    "eq": lambda attribute, value: attribute == value,
    "ne": lambda attribute, value: attribute != value,
    "in": lambda attribute, value: attribute in value,
    "not_in": lambda attribute, value: attribute not in value,
}

app = FastAPI()


def holds(condition: dict, context: dict) -> bool:
    if "all" in condition:
        return all(holds(part, context) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, context) for part in condition["any"])
    attribute = context.get(condition["attr"])
    return attribute is not None and OPERATORS[condition["op"]](attribute, condition["value"])


def result(flag: dict, variant: str | None, value: bool, reason: str, rule: str | None = None) -> dict:
    return {
        "flag_key": flag["key"],
        "value": value,
        "variant_key": variant,
        "is_enabled": value,
        "reason": reason,
        "rule_id": rule,
    }


def opened(flag: dict, context: dict, reason: str) -> dict:
    for rule in flag.get("rules", ()):
        if holds(rule["when"], context):
            return result(flag, rule["serve"], rule["serve"] == "on", reason, rule["id"])
    serve = flag.get("serve", "on")
    return result(flag, serve, serve == "on", reason)


def evaluate(flag: dict, context: dict) -> dict:
    stage = flag.get("rollout_stage", "draft")
    default = flag["default_value"]
    variant = "on" if default else "off"
    if stage in ("paused", "rolled_back"):
        return result(flag, variant, default, stage)
    for key in flag.get("dependencies", ()):
        if not evaluate(FLAGS[key], context)["is_enabled"]:
            return result(flag, variant, default, "dep_unsatisfied") | {"dependency": key}
    if flag.get("requires_approval") and not flag.get("audit", {}).get("last_approval_ref"):
        return result(flag, variant, default, "approval_missing")
    if stage == "full":
        return opened(flag, context, "stage_full")
    if stage == "internal" and context["tier"] in INTERNAL:
        return opened(flag, context, "stage_internal")
    return result(flag, variant, default, "default")


def request_id(given: str | None) -> str:
    return given if given and ID.fullmatch(given) else uuid.uuid4().hex


@app.get("/api/flags/eval")
async def eval_flag(
    response: Response,
    key: str,
    user: str = Query(min_length=1),
    tier: str = "anonymous",
    env: str = "dev",
    x_request_id: str | None = Header(None),
) -> dict[str, Any]:
    flag = FLAGS.get(key)
    if flag is None:
        raise HTTPException(404, "the registry has no flag of this key")
    known = request_id(x_request_id)
    response.headers["x-request-id"] = known
    response.headers["cache-control"] = "private, no-store"
    return {
        "ok": True,
        "data": evaluate(flag, {"user_id": user, "tier": tier, "env": env}),
        "error": None,
        "service": {
            "name": "service",
            "version": "0.1.0",
            "contract_version": "1",
            "auth_source": "query",
            "warnings": ["dev_mode"],
            "request_id": known,
        },
    }


class Asked(BaseModel):
    context: dict[str, Any] = {}


@app.post("/ofrep/v1/evaluate/flags/{key}")
async def ofrep_flag(
    response: Response, key: str, asked: Asked, x_request_id: str | None = Header(None)
) -> dict[str, Any]:
    flag = FLAGS.get(key)
    if flag is None:
        raise HTTPException(404, {"key": key, "errorCode": "FLAG_NOT_FOUND"})
    context = {"tier": "anonymous", "env": "dev", **asked.context, "user_id": asked.context.get("targetingKey")}
    evaluation = evaluate(flag, context)
    response.headers["x-request-id"] = request_id(x_request_id)
    response.headers["cache-control"] = "private, no-store"
    return {
        "key": key,
        "value": evaluation["value"],
        "reason": "TARGETING_MATCH" if evaluation["rule_id"] else "STATIC",
        "variant": evaluation["variant_key"],
        "metadata": {"reason": evaluation["reason"]},
    }
