"""The wheel, held against the vectors and the random differences: the protocol of `../evaluator.py`, over `stitch`.

Answers lines {"registry": text (when it changes), "lenient": bool, "flag": key or null, "context": text, "trace": bool}
with lines {"result": {…}}, {"results": [{…}, …]}, {"refused": "definitions"} or {"refused": "context"}.
"""

import json
import sys
from typing import Any

import stitch


def written(evaluation: stitch.Evaluation) -> dict[str, Any]:
    """The result as Python values; its JSON text must say the same."""
    result = evaluation.to_dict()
    if json.loads(evaluation.to_json()) != result:
        raise AssertionError(f"{evaluation!r} is written as {evaluation.to_json()}")
    return result


def answer(engine: stitch.Engine | None, request: dict[str, Any]) -> dict[str, Any]:
    if engine is None:
        return {"refused": "definitions"}
    try:
        context = stitch.Context.from_json(request["context"])
        flag = request.get("flag")
        if flag is None:
            return {"results": [written(evaluation) for evaluation in engine.evaluate_all(context)]}
        if not request.get("trace", False):
            return {"result": written(engine.evaluate(flag, context))}
        explanation = engine.explain(flag, context)
    except stitch.ContextError:
        return {"refused": "context"}
    trace = [[entry.name, entry.outcome] for entry in explanation.trace]
    return {"result": {**written(explanation.evaluation), "trace": trace}}


def main() -> None:
    engine: stitch.Engine | None = None
    text, lenient = "", False
    for line in sys.stdin.buffer:
        request = json.loads(line)
        wanted = (text if request.get("registry") is None else request["registry"], request.get("lenient", False))
        if wanted != (text, lenient):
            text, lenient = wanted
            try:
                engine = stitch.Engine.from_json(text, lenient=lenient)
            except stitch.DefinitionsError:
                engine = None
        print(json.dumps(answer(engine, request), allow_nan=False), flush=True)


if __name__ == "__main__":
    main()
