// Drives the JavaScript reference evaluator from outside: one JSON line in, one JSON line out.
//
//   in:  {"registry": "the document as a string" (only when it changes), "lenient": bool, "flag": key, or null for all,
//         "context": "the context as a string", "trace": bool}
//   out: {"result": {…}}, {"results": [{…}, …]}, {"refused": "definitions"} or {"refused": "context"}

import { createInterface } from "node:readline";
import { ContextError, DefinitionsError, Registry, write } from "./evaluator.js";

let registry; // undefined while its document is refused

function answer({ registry: document, lenient, flag, context, trace }) {
  if (document !== undefined) {
    registry = undefined;
    registry = new Registry(document, { lenient });
  }
  if (registry === undefined) return { refused: "definitions" };
  if (flag === null || flag === undefined) return { results: registry.evaluateAll(context, { trace }) };
  return { result: registry.evaluate(flag, context, { trace }) };
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue;
  let output;
  try {
    output = answer(JSON.parse(line));
  } catch (error) {
    if (error instanceof DefinitionsError) output = { refused: "definitions" };
    else if (error instanceof ContextError) output = { refused: "context" };
    else throw error;
  }
  process.stdout.write(write(output) + "\n");
}
