"""Runs contract.json and vectors/*.json (see README.md) against the Python reference evaluator.

    python3 run_python.py            # everything; exit code 1 when a case fails or there is none
    python3 run_python.py FILE ...   # these files only
"""

import json
import sys
from collections import Counter
from pathlib import Path

from evaluator import ContextError, Registry
from evaluator_checks import DefinitionsError, equal

HERE = Path(__file__).resolve().parent
EMPTY = {"schema_version": "1.0", "flags": []}


def registry_of(document, lenient: bool = False) -> Registry:
    return Registry(json.dumps(document), lenient)


def check(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def run_evaluation(file: dict, case: dict) -> None:
    lenient = case.get("lenient", file.get("lenient", False))
    registry = registry_of(case.get("registry", file.get("registry")), lenient)
    result = registry.evaluate(case["flag"], json.dumps(case["context"]), trace=True)
    trace = result.pop("trace")
    wanted = {"flag_key": case["flag"], **case["expect"]}
    check(equal(result, wanted), f"got {result}, wanted {wanted}")
    if "trace" in case:
        check(trace == case["trace"], f"got the trace {trace}, wanted {case['trace']}")


def probe(registry: dict, when: dict, context: dict) -> dict:
    rules = [{"id": "when", "when": when, "serve": "on"}]
    flag = {"key": "probe", "default_value": False, "rollout_stage": "full", "serve": "off", "rules": rules}
    registry = {**registry, "flags": [*registry["flags"], flag]}
    return registry_of(registry).evaluate("probe", json.dumps(context))


def run_condition(file: dict, case: dict) -> None:
    result = probe(file.get("registry", EMPTY), case["when"], case["context"])
    wanted = (case["holds"], "when" if case["holds"] else None)
    check((result["value"], result["rule_id"]) == wanted, f"got {result}")


def bucket_is_below(case: dict, threshold: int) -> bool:
    """Whether the unit's bucket is below the threshold, asked of a registry made for the question."""
    algorithm, purpose, salt = case["algorithm"], case["purpose"], case["salt"]
    registry = {**EMPTY, "bucketing": {"algorithm": algorithm}}
    context = {"attributes": {"unit": case["unit"]}}  # units may be longer than a user_id
    is_murmur = algorithm == "murmur3-x64-128"
    if purpose == "condition":
        to = threshold * 10 if is_murmur else threshold
        bucket = {"salt": salt, "by": "unit", "from": 0, "to": to}
        return to > 0 and probe(registry, {"bucket": bucket}, context)["value"]
    flag = {"key": "probe", "default_value": False, "bucket_by": "unit", "salt": salt, "rollout_stage": "full"}
    if purpose == "gate":
        pct = threshold if algorithm == "djb2-xor" else threshold / 1000
        flag.update(rollout_stage="staged", rollout_pct=pct)
    else:
        rest = (10_000 if is_murmur else 100_000) - threshold
        flag["serve"] = {"split": [{"variant": "on", "weight": threshold}, {"variant": "off", "weight": rest}]}
    return registry_of({**registry, "flags": [flag]}).evaluate("probe", context)["value"]


def run_bucket(file: dict, case: dict) -> None:
    check(not bucket_is_below(case, case["bucket"]), "the bucket is lower")
    check(bucket_is_below(case, case["bucket"] + 1), "the bucket is higher")


def run_diagnostics(file: dict, case: dict) -> None:
    """This evaluator stops at the first error that it finds: that must be one of those expected, if any is."""
    if "document" in case:
        text = json.dumps(case["document"])
    elif "text" in case:
        text = case["text"]
    else:
        text = "".join(part * times for part, times in case["text_repeat"])
    wanted = {code for severity, code, _ in case["expect"] if severity == "error"}
    try:
        Registry(text)
    except DefinitionsError as error:
        check(str(error) in wanted, f"refused: {error}, wanted {sorted(wanted) or 'no error'}")
    else:
        check(not wanted, f"accepted, wanted {sorted(wanted)}")


def run_context(file: dict, case: dict) -> None:
    registry = registry_of(case.get("registry", file.get("registry", EMPTY)))
    refused = ""
    try:
        registry.evaluate_all(case["text"] if "text" in case else json.dumps(case["context"]))
    except ContextError as error:
        refused = f"refused: {error}"
    check(bool(refused) == case["refused"], refused or "accepted")


RUNNERS = {
    "evaluations": run_evaluation,
    "conditions": run_condition,
    "buckets": run_bucket,
    "diagnostics": run_diagnostics,
    "contexts": run_context,
}


def main() -> int:
    paths = [Path(name) for name in sys.argv[1:]]
    ran, failed = Counter(), 0
    for path in paths or [HERE / "contract.json", *sorted((HERE / "vectors").glob("*.json"))]:
        file = json.loads(path.read_text("utf-8"))
        if file["kind"] == "stages":
            continue  # the stage machine is not part of this evaluator
        for case in file["cases"]:
            ran[file["kind"]] += 1
            try:
                RUNNERS[file["kind"]](file, case)
            except Exception as error:
                failed += 1
                print(f"FAIL {path.name}: {case['name']}: {type(error).__name__}: {error}")
        if not file["cases"]:
            failed += 1
            print(f"FAIL {path.name}: no cases")
    print(f"{sum(ran.values())} cases ({dict(ran)}), {failed} failed")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
