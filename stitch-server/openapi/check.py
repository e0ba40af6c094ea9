"""Holds a server against its own document: logs in, asks for an approval, and lets schemathesis ask all the rest.

check.py URL LOG, with the administrator and the SDK key in the environment (STITCH_ADMIN, STITCH_PASSWORD, STITCH_KEY).
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import requests

HERE = Path(__file__).parent
METHODS = {"get", "put", "post", "patch", "delete"}


def main(url, log):
    def post(path, body, **headers):
        answer = requests.post(url + path, json=body, headers=headers, timeout=20)
        answer.raise_for_status()
        return answer.json()

    who = {"email": os.environ["STITCH_ADMIN"], "password": os.environ["STITCH_PASSWORD"]}
    bearer = {"Authorization": "Bearer " + post("/v1/auth/login", who)["token"]}
    approval = post("/v1/approvals", {"flag": "guarded", "change": {"delete_flag": "guarded"}}, **bearer)
    document = requests.get(url + "/openapi.json", timeout=20).json()
    # From a file: schemathesis leaves out the address that it has a document from.
    saved = Path(log).with_suffix(".json")
    saved.write_text(json.dumps(document))
    operations = sum(len(METHODS & path.keys()) for path in document["paths"].values())

    known = {"STITCH_TOKEN": bearer["Authorization"].split()[1], "STITCH_APPROVAL": approval["id"]}
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", "schemathesis.toml", "run"]
    environment = {**os.environ, **known, "PYTHONPATH": str(HERE)}
    with Path(log).open("w") as told:
        ended = subprocess.run(
            [*command, saved, "--url", url], cwd=HERE, env=environment, stdout=told, stderr=subprocess.STDOUT
        )
    report = Path(log).read_text()
    problems = [] if ended.returncode == 0 else [report]
    tested = re.search(r"Tested: +(\d+)$", report, re.MULTILINE)
    cases = re.search(r"(\d+) generated", report)
    if not tested or int(tested[1]) != operations or not operations or not cases or not int(cases[1]):
        problems.append(f"of {operations} operations {tested[1] if tested else 'none'} were tested")
    # What was asked last must still have been asked by somebody.
    if requests.get(url + "/v1/users", headers=bearer, timeout=20).status_code != 200:
        problems.append("the administrator was lost on the way")
    key = {"X-API-Key": os.environ["STITCH_KEY"]}
    if requests.post(url + "/ofrep/v1/evaluate/flags", json={}, headers=key, timeout=20).status_code != 200:
        problems.append("the key was lost on the way")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{tested[1]} operations, {cases[1]} cases: nothing found")


main(*sys.argv[1:])
