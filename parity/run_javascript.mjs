// Runs contract.json and vectors/*.json against the JavaScript reference evaluator:  node parity/run_javascript.mjs [file …]
// Names each case that fails; exits with 1 when one does, and when there is nothing to run.

import { readFileSync, readdirSync } from "node:fs";
import { basename } from "node:path";
import { ContextError, DefinitionsError, Registry, equal, read, write } from "./evaluator.js";

const here = new URL(".", import.meta.url);
const list = (folder) => readdirSync(new URL(folder, here)).filter((name) => name.endsWith(".json")).sort().map((name) => new URL(folder + name, here));
const files = process.argv.length > 2 ? process.argv.slice(2) : [new URL("contract.json", here), ...list("vectors/")];

const NO_FLAGS = read('{"schema_version": "1.0", "flags": []}');
const asRead = (value) => read(write(value));
const plain = (object) => Object.fromEntries(object);

/** The code with which `attempt` is refused ("" for a context), or undefined. */
function refusal(attempt) {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof DefinitionsError) return error.code;
    if (error instanceof ContextError) return "";
    throw error;
  }
}

// Each kind: given a file and one of its cases, what is wrong with our answer (undefined when nothing is).
const KINDS = {
  evaluations(file, { flag, context, expect, trace, registry = file.registry, lenient = file.lenient ?? false }) {
    const result = new Registry(write(registry), { lenient }).evaluate(flag, write(context), { trace: trace !== undefined });
    const wanted = new Map([["flag_key", flag], ...expect]);
    if (trace !== undefined) wanted.set("trace", trace);
    return equal(asRead(result), wanted) ? undefined : `${write(result)} instead of ${write(wanted)}`;
  },

  conditions(file, { when, context, holds }) {
    const registry = new Map(file.registry ?? NO_FLAGS);
    const probe = read(`{"key": "probe", "default_value": false, "rollout_stage": "full", "serve": "off", "rules": [{"id": "when", "when": ${write(when)}, "serve": "on"}]}`);
    registry.set("flags", [...registry.get("flags"), probe]);
    const { value, rule_id } = new Registry(write(registry)).evaluate("probe", write(context));
    return value === holds && rule_id === (holds ? "when" : null) ? undefined : `${value} by the rule ${rule_id}`;
  },

  buckets(file, { algorithm, purpose, salt, unit, bucket }) {
    const buckets = { gate: algorithm === "djb2-xor" ? 100 : 100_000, split: algorithm === "murmur3-x64-128" ? 10_000 : 100_000 }[purpose];
    const step = purpose === "condition" && algorithm === "murmur3-x64-128" ? 10 : 1;
    const isIn = (threshold) => {
      if (purpose === "condition" && threshold === 0) return false; // no such bounds
      const flag = { key: "probe", default_value: false, salt };
      if (purpose === "gate") Object.assign(flag, { rollout_stage: "staged", rollout_pct: threshold * 100 / buckets });
      else flag.rollout_stage = "full";
      if (purpose === "split") flag.serve = { split: [{ variant: "on", weight: threshold }, { variant: "off", weight: buckets - threshold }] };
      if (purpose === "condition") {
        flag.serve = "off";
        flag.rules = [{ id: "in", when: { bucket: { salt, from: 0, to: threshold * step } }, serve: "on" }];
      }
      const registry = { schema_version: "1.0", bucketing: { algorithm }, flags: [flag] };
      return new Registry(write(registry)).evaluate("probe", write({ user_id: unit })).value;
    };
    const [below, above] = [isIn(Number(bucket)), isIn(Number(bucket) + 1)];
    return !below && above ? undefined : `in at the bucket: ${below}, in above it: ${above}`;
  },

  diagnostics(file, { document, text, text_repeat, expect }) {
    const whole = text ?? (text_repeat ? text_repeat.map(([part, times]) => part.repeat(Number(times))).join("") : write(document));
    const wanted = expect.filter(([severity]) => severity === "error").map(([, code]) => code);
    const code = refusal(() => new Registry(whole));
    const isRight = code === undefined ? wanted.length === 0 : wanted.includes(code);
    return isRight ? undefined : `${code ?? "no error"} instead of ${wanted.join() || "no error"}`;
  },

  contexts(file, { context, refused }) {
    const registry = new Registry(write(file.registry));
    return (refusal(() => registry.evaluateAll(write(context))) !== undefined) === refused ? undefined : `refused: ${!refused}`;
  },
};

let [ran, failed] = [0, 0];
for (const name of files) {
  const file = plain(read(readFileSync(name, "utf8")));
  if (file.kind === "stages") continue; // the reference evaluators have no stage machine
  const run = KINDS[file.kind];
  if (!run || file.cases.length === 0) {
    failed += 1;
    console.log(`FAILED ${basename(String(name))}: ${run ? "no cases" : `the kind ${file.kind} is unknown`}`);
    continue;
  }
  for (const one of file.cases) {
    let wrong;
    try {
      wrong = run(file, plain(one));
    } catch (error) {
      wrong = error.stack;
    }
    ran += 1;
    if (wrong === undefined) continue;
    failed += 1;
    console.log(`FAILED ${basename(String(name))}: ${one.get("name")}: ${wrong}`);
  }
}
console.log(`${ran} cases, ${failed} failed`);
if (ran === 0 || failed > 0) process.exit(1);
