"""Holds the schemas of definitions and contexts against the vectors: what the contract takes, no schema refuses.

vectors.py URL VECTORS
"""

import json
import sys
from collections import Counter
from pathlib import Path

import jsonschema_rs
import requests


def registries(thing):
    """The registry documents in a file of vectors, however deep."""
    if isinstance(thing, dict) and thing.get("schema_version") == "1.0":
        yield thing
    elif isinstance(thing, (dict, list)):
        for inner in thing.values() if isinstance(thing, dict) else thing:
            yield from registries(inner)


def sound(vectors):
    """What the contract takes: the schema's name, the thing, and where it stands."""
    for file in sorted(Path(vectors).glob("*.json")):
        content = json.loads(file.read_text())
        if content.get("kind") == "diagnostics":
            for case in content["cases"]:
                if isinstance(case.get("document"), dict) and all(told[0] == "warning" for told in case["expect"]):
                    yield "Registry", case["document"], f"{file.name}: {case['name']}"
        elif file.name not in ("contexts_refused.json", "lenient.json"):
            for registry in registries(content):
                yield "Registry", registry, file.name
            for case in content["cases"]:
                for name, schema in (("when", "Condition"), ("context", "Context")):
                    if isinstance(case.get(name), dict):
                        yield schema, case[name], f"{file.name}: {case.get('name')}"


def main(url, vectors):
    components = requests.get(url + "/openapi.json", timeout=20).json()["components"]
    schemas = {
        name: jsonschema_rs.Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})
        for name in ("Registry", "Condition", "Context")
    }
    seen = Counter()
    refused = []
    for schema, thing, place in sound(vectors):
        seen[schema] += 1
        refused += [f"{schema}, {place}: {error.message}" for error in schemas[schema].iter_errors(thing)][:1]
    if refused or len(seen) < len(schemas):
        sys.exit("\n".join(refused) or "there are no vectors")
    print(", ".join(f"{schema} {count}" for schema, count in sorted(seen.items())) + " of the vectors: none is refused")


main(*sys.argv[1:])
