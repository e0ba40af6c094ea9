// One line a check, which check.sh counts.

import assert from "node:assert/strict";

export const { equal, deepEqual } = { equal: assert.equal, deepEqual: assert.deepEqual };

export class Report {
  failed = 0;

  constructor(name) {
    this.name = name;
  }

  /** Runs one check; one that throws has failed. */
  async check(what, check) {
    try {
      await check();
      console.log(`ok ${this.name}: ${what}`);
    } catch (error) {
      this.failed += 1;
      console.log(`FAILED ${this.name}: ${what}: ${String(error?.message ?? error).replaceAll("\n", " ")}`);
    }
  }
}

/** What an ask is called in the report. */
export function named(ask) {
  const told = ask.error ?? `${ask.reason} ${JSON.stringify(ask.value)}`;
  return `${ask.flag} for ${JSON.stringify(ask.context ?? {})} is ${told}`;
}

/** The caller's default, which no flag serves. */
export function fallback(ask) {
  switch (ask.type) {
    case "boolean":
      return !(ask.value ?? false);
    case "string":
      return "the caller's";
    case "object":
      return { the: "caller's" };
    default:
      return -1.5;
  }
}

/** The details that a client gives for an ask, whatever its type. */
export function details(client, ask, ...context) {
  const word = { boolean: "Boolean", string: "String", object: "Object" }[ask.type] ?? "Number";
  return client[`get${word}Details`](ask.flag, fallback(ask), ...context);
}

/** Whether the details are what was expected. */
export function compare(got, ask) {
  if (ask.error) {
    equal(got.errorCode, ask.error);
    deepEqual(got.value, fallback(ask));
    equal(got.reason, "ERROR");
    return;
  }
  equal(got.errorCode, undefined);
  deepEqual(got.value, ask.value);
  equal(got.variant, ask.variant);
  equal(got.reason, ask.reason);
  deepEqual(got.flagMetadata, ask.metadata);
}
