"""What only this run knows: which environments there are, and which credentials it must not take from itself."""

import os
from urllib.parse import unquote

import schemathesis

OWN = {os.environ["STITCH_ADMIN"], os.environ["STITCH_KEY"].split("_")[1]}


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, part in (case.path_parameters or {}).items():
        # Nobody changes the administrator, or revokes the key, with which everything is asked.
        if unquote(str(part)).lower() in OWN:
            case.path_parameters[name] = "another"
    # Python's client sends no header that begins with a blank.
    for name, value in (case.headers or {}).items():
        if isinstance(value, str):
            case.headers[name] = value.strip()
    # A text that names an environment names one that the registry lists.
    body = case.body
    if isinstance(body, dict):
        things = [body, body.get("context")]
        for items in (body.get("flags"), body.get("grants")):
            things += items if isinstance(items, list) else []
        for thing in things:
            if not isinstance(thing, dict):
                continue
            if isinstance(thing.get("env"), str):
                thing["env"] = "prod"
            # One less than the least is no other double than the least, and is read as it (evaluation contract, 9.3).
            if thing.get("now") == -(2**63) - 1:
                thing["now"] = -(2**64)
