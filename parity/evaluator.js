// The JavaScript reference evaluator: spec/evaluation.md, section by section, with nothing in between.
// It is written to be held against that page, not to be fast. It runs in Node 20 and in a browser.
// evaluator_reading.js reads and compares values; evaluator_checks.js says what makes a document an error,
// so that here every flag is known to be sound.

import { checkDocument } from "./evaluator_checks.js";
import {
  DefinitionsError, NESTING_LIMIT, compareByUtf8, compareSemver, equal, fit, get, isArray, isBoolean,
  isDeeperThan, isEarlier, isNumber, isObject, isText, read, readInstant, readPattern, readSemver, toInteger, utf8, write,
} from "./evaluator_reading.js";

export { DefinitionsError, equal, read, write };

/** The context is refused (section 3). */
export class ContextError extends Error {
  constructor(why) { super(`the context is refused: ${why}`); }
}

// ---------------------------------------------------------------------------------------------------
// Bucketing (section 6).
// ---------------------------------------------------------------------------------------------------

const u64 = (integer) => BigInt.asUintN(64, integer);
const rotateLeft = (x, bits) => u64(x << bits) | (x >> (64n - bits));

/** `count` bytes from `at`, little end first. */
function littleEndian(bytes, at, count) {
  let integer = 0n;
  for (let i = count - 1; i >= 0; i--) integer = (integer << 8n) | BigInt(bytes[at + i]);
  return integer;
}

export function xxh64(bytes, seed) {
  const P1 = 0x9E3779B185EBCA87n, P2 = 0xC2B2AE3D27D4EB4Fn, P3 = 0x165667B19E3779F9n;
  const P4 = 0x85EBCA77C2B2AE63n, P5 = 0x27D4EB2F165667C5n;
  const round = (lane, input) => u64(rotateLeft(u64(lane + input * P2), 31n) * P1);
  let at = 0;
  let h;
  if (bytes.length >= 32) {
    const lanes = [u64(seed + P1 + P2), u64(seed + P2), seed, u64(seed - P1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i], littleEndian(bytes, at + 8 * i, 8));
    }
    const [a, b, c, d] = lanes;
    h = u64(rotateLeft(a, 1n) + rotateLeft(b, 7n) + rotateLeft(c, 12n) + rotateLeft(d, 18n));
    for (const lane of lanes) h = u64((h ^ round(0n, lane)) * P1 + P4);
  } else {
    h = u64(seed + P5);
  }
  h = u64(h + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) h = u64(rotateLeft(h ^ round(0n, littleEndian(bytes, at, 8)), 27n) * P1 + P4);
  for (; at + 4 <= bytes.length; at += 4) h = u64(rotateLeft(h ^ u64(littleEndian(bytes, at, 4) * P1), 23n) * P2 + P3);
  for (; at < bytes.length; at += 1) h = u64(rotateLeft(h ^ u64(BigInt(bytes[at]) * P5), 11n) * P1);
  h = u64((h ^ (h >> 33n)) * P2);
  h = u64((h ^ (h >> 29n)) * P3);
  return h ^ (h >> 32n);
}

/** MurmurHash3 x64 128 with seed 0: [h1, h2]. */
export function murmur3(bytes) {
  const C1 = 0x87C37B91114253D5n, C2 = 0x4CF5AD432745937Fn;
  const mix1 = (k) => u64(rotateLeft(u64(k * C1), 31n) * C2);
  const mix2 = (k) => u64(rotateLeft(u64(k * C2), 33n) * C1);
  const finish = (h) => {
    h = u64((h ^ (h >> 33n)) * 0xFF51AFD7ED558CCDn);
    h = u64((h ^ (h >> 33n)) * 0xC4CEB9FE1A85EC53n);
    return h ^ (h >> 33n);
  };
  let h1 = 0n;
  let h2 = 0n;
  let at = 0;
  for (; at + 16 <= bytes.length; at += 16) {
    h1 ^= mix1(littleEndian(bytes, at, 8));
    h1 = u64(u64(rotateLeft(h1, 27n) + h2) * 5n + 0x52DCE729n);
    h2 ^= mix2(littleEndian(bytes, at + 8, 8));
    h2 = u64(u64(rotateLeft(h2, 31n) + h1) * 5n + 0x38495AB5n);
  }
  const left = bytes.length - at;
  h1 ^= mix1(littleEndian(bytes, at, Math.min(left, 8)));
  h2 ^= mix2(littleEndian(bytes, at + 8, Math.max(left - 8, 0)));
  h1 ^= BigInt(bytes.length);
  h2 ^= BigInt(bytes.length);
  h1 = u64(h1 + h2);
  h2 = u64(h2 + h1);
  h1 = finish(h1);
  h2 = finish(h2);
  h1 = u64(h1 + h2);
  h2 = u64(h2 + h1);
  return [h1, h2];
}

/** Over the UTF-16 code units, in 32 bits. */
export function djb2Xor(text) {
  let h = 5381;
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 33) ^ text.charCodeAt(i)) >>> 0;
  return h;
}

function xxh64Bucket(salt, unit, purpose) {
  const seed = xxh64(utf8(salt), purpose);
  return (xxh64(utf8(unit), seed) * 100000n) >> 64n;
}

function murmur3Bucket(salt, unit) {
  const [h1, h2] = murmur3(utf8(salt + unit));
  return (((h2 << 64n) | h1) % 100000n) / 10n;
}

const XXH64 = {
  // Is the unit in a rollout of so many percent? (Math.round takes the halves up, and none is negative.)
  isInRollout: (salt, unit, percentage) => xxh64Bucket(salt, unit, 0n) < Math.round(Number(percentage) * 1000),
  splitBuckets: 100000n,
  splitBucket: (salt, unit) => xxh64Bucket(salt, unit, 1n),
  conditionBucket: (salt, unit) => xxh64Bucket(salt, unit, 2n), // in units of 1/100000
};

/** The set is open: each of the others has what that system had, and everything else as in `xxh64`. */
const ALGORITHMS = new Map([
  ["xxh64", XXH64],
  ["djb2-xor", {
    ...XXH64,
    isInRollout: (salt, unit, percentage) => djb2Xor(`${salt}:${unit}`) % 100 < percentage,
  }],
  ["murmur3-x64-128", {
    ...XXH64,
    splitBuckets: 10000n,
    splitBucket: murmur3Bucket,
    conditionBucket: (salt, unit) => murmur3Bucket(salt, unit) * 10n,
  }],
]);

// ---------------------------------------------------------------------------------------------------
// Operators (section 4). An operator says what it wants and when it holds; where the attribute is missing
// or of the wrong kind it is not asked at all (it is false).
// ---------------------------------------------------------------------------------------------------

const asciiLower = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** `ignore_case` folds ASCII letters, in arrays too. */
function fold(value) {
  if (isText(value)) return asciiLower(value);
  return isArray(value) ? value.map(fold) : value;
}

const isTextOrNumber = (value) => isText(value) || isNumber(value);
const isScalar = (value) => isTextOrNumber(value) || isBoolean(value);
const oneOrMore = (value) => (isArray(value) ? value : [value]);
const listed = (attribute, list) => oneOrMore(attribute).some((one) => list.some((other) => equal(one, other)));
const sameKind = (a, b) => (isNumber(a) && isNumber(b)) || typeof a === typeof b;

/** How many leading positions `semver_caret` wants equal: up to and with the leftmost that is not zero. */
function caretPositions(version) {
  const leftmost = version.numbers.findIndex((number) => number !== 0n);
  return leftmost === -1 ? 3 : leftmost + 1;
}

function samePositions(a, b, count) {
  return a.numbers.slice(0, count).every((number, i) => number === b.numbers[i]);
}

const ofNumbers = (holds) => ({ accepts: isNumber, holds });
const ofTexts = (holds) => ({ accepts: isText, holds: (a, v) => oneOrMore(v).some((one) => holds(a, one)) });
const ofSemvers = (holds) => ({ accepts: (a) => readSemver(a) !== undefined, holds: (a, v) => holds(readSemver(a), readSemver(v)) });
const ofInstants = (holds) => ({ accepts: (a) => readInstant(a) !== undefined, holds: (a, v) => holds(readInstant(a), readInstant(v)) });

const OPERATORS = new Map(Object.entries({
  eq: { accepts: (a, v) => isScalar(a) && sameKind(a, v), holds: (a, v) => equal(a, v) },
  ne: { accepts: (a, v) => isScalar(a) && sameKind(a, v), holds: (a, v) => !equal(a, v) },
  in: { accepts: (a) => isTextOrNumber(a) || isArray(a), holds: (a, v) => listed(a, v) },
  not_in: { accepts: (a) => isTextOrNumber(a) || isArray(a), holds: (a, v) => !listed(a, v) },
  lt: ofNumbers((a, v) => a < v),
  lte: ofNumbers((a, v) => a <= v),
  gt: ofNumbers((a, v) => a > v),
  gte: ofNumbers((a, v) => a >= v),
  contains: {
    accepts: (a, v) => isArray(a) || (isText(a) && isText(v)),
    holds: (a, v) => (isArray(a) ? listed(a, [v]) : a.includes(v)),
  },
  starts_with: ofTexts((a, v) => a.startsWith(v)),
  ends_with: ofTexts((a, v) => a.endsWith(v)),
  matches: { accepts: isText, holds: (a, v, ignoreCase) => readPattern(v, ignoreCase)(a) },
  exists: { accepts: () => true, holds: () => true },
  semver_eq: ofSemvers((a, v) => compareSemver(a, v) === 0),
  semver_lt: ofSemvers((a, v) => compareSemver(a, v) < 0),
  semver_lte: ofSemvers((a, v) => compareSemver(a, v) <= 0),
  semver_gt: ofSemvers((a, v) => compareSemver(a, v) > 0),
  semver_gte: ofSemvers((a, v) => compareSemver(a, v) >= 0),
  semver_tilde: ofSemvers((a, v) => compareSemver(a, v) >= 0 && samePositions(a, v, 2)),
  semver_caret: ofSemvers((a, v) => compareSemver(a, v) >= 0 && samePositions(a, v, caretPositions(v))),
  before: ofInstants((a, v) => isEarlier(a, v)),
  after: ofInstants((a, v) => isEarlier(v, a)),
}));

/** Does `{"attr", "op", "value", "ignore_case"}` hold for this attribute (undefined where it is missing)? */
function operatorHolds(condition, attribute) {
  const operator = OPERATORS.get(get(condition, "op"));
  const ignoreCase = get(condition, "ignore_case") ?? false;
  let value = get(condition, "value");
  if (attribute === undefined || !operator.accepts(attribute, value)) return false;
  if (ignoreCase && get(condition, "op") !== "matches") [attribute, value] = [fold(attribute), fold(value)];
  return operator.holds(attribute, value, ignoreCase);
}

// ---------------------------------------------------------------------------------------------------
// The context (section 3; section 9, 18 to 21).
// ---------------------------------------------------------------------------------------------------

const TEXT_FIELDS = ["user_id", "kind", "tenant_id", "tier", "env", "role_key"];
const UNREADABLE_FIELDS = ["attributes", "overrides", "approvals"];
const CONTEXT_FIELDS = [...TEXT_FIELDS, ...UNREADABLE_FIELDS, "now"];
const ATTRIBUTES_LIMIT = 256;
const UNIT_BYTES_LIMIT = 1024;

/** The context as {fields: Map of what conditions read, overrides: {user, tenant}, approvals}. */
function readContext(text, flags) {
  const refuse = (why) => { throw new ContextError(why); };
  let document;
  try { document = read(text); } catch (error) { refuse(error.code); }
  if (!isObject(document)) refuse("it is no object");
  if (isDeeperThan(NESTING_LIMIT, document)) refuse("it nests too deep");

  // What is null is absent.
  const present = (object) => [...object].filter(([, value]) => value !== null);
  const objectAt = (object, name) => {
    const value = get(object, name) ?? new Map();
    if (!isObject(value)) refuse(`${name} is no object`);
    return new Map(present(value));
  };

  for (const [name] of present(document)) {
    if (!CONTEXT_FIELDS.includes(name)) refuse(`unknown field ${name}`);
  }

  const fields = new Map([["kind", "user"], ["tier", "anonymous"]]);
  for (const name of TEXT_FIELDS) {
    const value = get(document, name);
    if (value === undefined) continue;
    if (!isText(value)) refuse(`${name} is no text`);
    fields.set(name, value);
  }
  const userId = fields.get("user_id");
  if (userId === "" || (userId !== undefined && utf8(userId).length > UNIT_BYTES_LIMIT)) refuse("user_id is empty or too long");
  if (fields.get("tenant_id") === "") fields.delete("tenant_id");
  if (get(document, "now") !== undefined) fields.set("now", toInteger(get(document, "now")) ?? refuse("now is no integer"));

  const attributes = objectAt(document, "attributes");
  if (attributes.size > ATTRIBUTES_LIMIT) refuse("too many attributes");
  for (const [name, value] of attributes) {
    if (CONTEXT_FIELDS.includes(name)) refuse(`the attribute's name ${name} is reserved`);
    if (!isScalar(value) && !(isArray(value) && value.every(isTextOrNumber))) refuse(`the attribute ${name} is of another kind`);
    fields.set(name, value);
  }

  const inline = objectAt(document, "overrides");
  const overrides = { user: objectAt(inline, "user"), tenant: objectAt(inline, "tenant") };
  for (const scope of inline.keys()) {
    if (scope !== "user" && scope !== "tenant") refuse(`unknown scope ${scope}`);
    for (const [key, value] of overrides[scope]) {
      if (!flags.has(key)) continue;
      const fitting = fit(flags.get(key).type, value);
      if (fitting === undefined) refuse(`an override does not fit the flag ${key}`);
      overrides[scope].set(key, fitting);
    }
  }

  const approvals = objectAt(document, "approvals");
  if (![...approvals.values()].every(isText)) refuse("an approval is no text");
  return { fields, overrides, approvals };
}

// ---------------------------------------------------------------------------------------------------
// The registry (sections 1 and 2), read from a document that is known to be sound.
// ---------------------------------------------------------------------------------------------------

/** The keys that a patch may replace, in the form in which evaluation wants them; only those that are there. */
function readPatchable(source, type) {
  const parts = {};
  for (const key of ["default_value", "serve", "rules", "rollout_stage", "rollout_pct", "cohort", "salt", "audit"]) {
    const value = get(source, key);
    if (value !== undefined) parts[key] = key === "default_value" ? fit(type, value) : value;
  }
  return parts;
}

function readFlag(source, registryAlgorithm) {
  const key = get(source, "key");
  const type = get(source, "type") ?? "boolean";
  const variants = get(source, "variants") ?? new Map([["on", true], ["off", false]]);
  const environments = get(source, "environments") ?? new Map();
  return {
    key,
    type,
    variants: new Map([...variants].filter(([, value]) => value !== null).map(([name, value]) => [name, fit(type, value)])),
    // what a patch may replace, with its defaults
    serve: "on",
    rules: [],
    rollout_stage: "draft",
    rollout_pct: 0n,
    cohort: [],
    salt: key,
    audit: new Map(),
    ...readPatchable(source, type),
    // the rest
    bucket_by: get(source, "bucket_by") ?? "user_id",
    algorithm: ALGORITHMS.get(get(source, "algorithm") ?? registryAlgorithm),
    dependencies: get(source, "dependencies") ?? [],
    requires_approval: get(source, "requires_approval") ?? false,
    allowed_scopes: get(source, "allowed_scopes") ?? ["global", "tenant", "user"],
    environments: new Map([...environments].filter(([, patch]) => patch !== null).map(([env, patch]) => [env, readPatchable(patch, type)])),
  };
}

export class Registry {
  /** Throws a DefinitionsError when the document is refused. */
  constructor(text, { lenient = false } = {}) {
    const { document, entries, setAside, overrides } = checkDocument(text, lenient);
    const algorithm = get(get(document, "bucketing") ?? new Map(), "algorithm") ?? "xxh64";
    this.algorithm = ALGORITHMS.get(algorithm);
    this.internalTiers = get(document, "internal_tiers") ?? ["staff", "admin"];
    this.overrides = new Map(); // by the flag's key
    for (const row of overrides) {
      const key = get(row, "flag_key");
      if (!this.overrides.has(key)) this.overrides.set(key, []);
      this.overrides.get(key).push(row);
    }
    this.setAside = setAside; // the keys of flags with errors (lenient)
    // Every flag and segment by its name ("flag x", "segment y"), each after all that it refers to.
    this.entries = entries;
    this.flags = new Map();   // by key, in the document's order
    for (const source of get(document, "flags")) {
      const key = isObject(source) ? get(source, "key") : undefined;
      if (entries.has(`flag ${key}`)) this.flags.set(key, readFlag(source, algorithm));
    }
  }

  evaluate(flagKey, contextText, { trace = false } = {}) {
    const call = new Call(this, readContext(contextText, this.flags));
    return answer(call.flag(flagKey), trace);
  }

  /** All flags in the document's order, then those that were set aside. */
  evaluateAll(contextText, { trace = false } = {}) {
    const call = new Call(this, readContext(contextText, this.flags));
    return [...this.flags.keys(), ...this.setAside].map((flagKey) => answer(call.flag(flagKey), trace));
  }
}

function answer({ trace, halted, ...result }, withTrace) {
  return withTrace ? { ...result, trace } : result;
}

// ---------------------------------------------------------------------------------------------------
// Evaluation (section 5).
// ---------------------------------------------------------------------------------------------------

const OPEN_REASONS = ["user_override", "tenant_override", "staged_in", "stage_internal", "stage_pilot", "stage_full"];

/** One call: one registry, one context, and what is already known of the flags and segments. */
class Call {
  constructor(registry, context) {
    this.registry = registry;
    this.context = context;
    this.known = new Map(); // by the name of the entry: a flag's result, or whether the context is in the segment
  }

  flag(key) {
    const name = `flag ${key}`;
    if (!this.registry.entries.has(name)) return this.noSuchFlag(key);
    // All that it needs, from the bottom up, each once: no chain is too long.
    const needed = new Set([name]);
    for (const one of needed) {
      if (this.known.has(one)) continue;
      for (const other of this.registry.entries.get(one).references) needed.add(other);
    }
    const entries = [...needed].filter((one) => !this.known.has(one)).map((one) => this.registry.entries.get(one));
    for (const entry of entries.sort((a, b) => a.position - b.position)) {
      this.known.set(entry.name, entry.kind === "flag" ? this.nineSteps(this.registry.flags.get(entry.key)) : this.membership(entry.source));
    }
    return this.known.get(name);
  }

  // Step 1, where it decides.
  noSuchFlag(key) {
    const reason = this.registry.setAside.includes(key) ? "flag_invalid" : "flag_not_found";
    return { flag_key: key, value: null, variant_key: null, is_enabled: false, reason, rule_id: null, trace: [["exists", "decided"]] };
  }

  nineSteps(base) {
    const { fields, approvals } = this.context;
    const flag = { ...base, ...base.environments.get(fields.get("env")) };
    const trace = [];
    const pass = (step) => { trace.push([step, "pass"]); };

    const decide = (step, reason, value, variant, ruleId = null) => {
      trace.push([step, "decided"]);
      const isEnabled = flag.type === "boolean" ? value : OPEN_REASONS.includes(reason);
      return { flag_key: flag.key, value, variant_key: variant, is_enabled: isEnabled, reason, rule_id: ruleId, trace, halted: step === "halted" };
    };
    const decideValue = (step, reason, value, ruleId) => decide(step, reason, value, variantOf(flag, value), ruleId);
    const closed = (step, reason) => decideValue(step, reason, flag.default_value);

    const open = (step, reason) => {
      const rule = flag.rules.find((one) => this.holds(get(one, "when")));
      const ruleId = rule ? get(rule, "id") : null;
      const serve = rule ? get(rule, "serve") : flag.serve;
      const variant = isText(serve) ? serve : this.splitVariant(flag, serve);
      if (variant === undefined) return decideValue(step, "unit_missing", flag.default_value, ruleId);
      return decide(step, reason, flag.variants.get(variant), variant, ruleId);
    };

    // 1
    pass("exists");

    // 2
    if (flag.rollout_stage === "paused" || flag.rollout_stage === "rolled_back") return closed("halted", flag.rollout_stage);
    pass("halted");

    // 3
    for (const dependency of flag.dependencies) {
      const [key, variant] = isText(dependency) ? [dependency] : [get(dependency, "flag"), get(dependency, "variant")];
      if (!this.satisfied(key, variant)) return { ...closed("dependencies", "dep_unsatisfied"), dependency: key };
    }
    pass("dependencies");

    // 4
    const approved = (get(flag.audit, "last_approval_ref") ?? "") !== "" || (approvals.get(flag.key) ?? "") !== "";
    if (flag.requires_approval && !approved) return closed("approval", "approval_missing");
    pass("approval");

    // 5 and 6
    const override = this.overrideOf(flag);
    if (override?.scope === "user") return decideValue("user override", "user_override", override.value);
    pass("user override");
    if (override?.scope === "tenant") return decideValue("tenant override", "tenant_override", override.value);
    pass("tenant override");

    // 7
    const inCohort = flag.cohort.some((segment) => this.known.get(`segment ${segment}`));
    if (flag.rollout_stage === "staged") {
      const step = "cohort bucketing";
      const unit = this.unit(flag.bucket_by);
      if (inCohort) return open(step, "staged_in");
      if (unit === undefined) return closed(step, "unit_missing");
      if (flag.algorithm.isInRollout(flag.salt, unit, flag.rollout_pct)) return open(step, "staged_in");
      return closed(step, "staged_out");
    }
    pass("cohort bucketing");

    // 8
    const isInternal = this.registry.internalTiers.includes(fields.get("tier"));
    if (flag.rollout_stage === "internal" && isInternal) return open("stage map", "stage_internal");
    if (flag.rollout_stage === "pilot" && inCohort) return open("stage map", "stage_pilot");
    if (flag.rollout_stage === "full") return open("stage map", "stage_full");
    pass("stage map");

    // 9
    return closed("default", "default");
  }

  /** Is another flag satisfied for this context? */
  satisfied(key, variant) {
    const result = this.known.get(`flag ${key}`);
    if (result.halted) return false;
    return variant === undefined ? result.is_enabled : result.variant_key === variant;
  }

  /** The override that applies, as {scope, value}: inline user, inline tenant, stored user, stored tenant. */
  overrideOf(flag) {
    const { fields, overrides } = this.context;
    const [userId, tenantId, now] = [fields.get("user_id"), fields.get("tenant_id"), fields.get("now")];
    const isUser = fields.get("kind") === "user";
    const inline = (scope) => flag.allowed_scopes.includes(scope) && overrides[scope].has(flag.key);
    if (isUser && inline("user")) return { scope: "user", value: overrides.user.get(flag.key) };
    if (tenantId !== undefined && inline("tenant")) return { scope: "tenant", value: overrides.tenant.get(flag.key) };

    const inTime = (row) => {
      const expires = get(row, "expires_at");
      return expires === undefined || (now !== undefined && isEarlier(readInstant(now), readInstant(expires)));
    };
    const rows = (this.registry.overrides.get(flag.key) ?? []).filter(inTime);
    const stored = (scope, user, tenant) => rows.find((row) =>
      get(row, "scope") === scope && get(row, "user_id") === user && get(row, "tenant_id") === tenant);

    if (isUser && userId !== undefined) {
      const named = tenantId === undefined ? undefined : stored("user", userId, tenantId);
      const row = named ?? stored("user", userId, undefined); // a row that names the tenant beats one that does not
      if (row) return { scope: "user", value: fit(flag.type, get(row, "value")) };
    }
    if (tenantId !== undefined) {
      const row = stored("tenant", undefined, tenantId);
      if (row) return { scope: "tenant", value: fit(flag.type, get(row, "value")) };
    }
    return undefined;
  }

  /** The variant that a split gives to this context, or undefined without a unit (sections 2 and 6). */
  splitVariant(flag, serve) {
    const unit = this.unit(get(serve, "by") ?? flag.bucket_by);
    if (unit === undefined) return undefined;
    const bucket = flag.algorithm.splitBucket(get(serve, "salt") ?? flag.salt, unit);
    const parts = get(serve, "split").map((part) => [get(part, "variant"), toInteger(get(part, "weight"))]);
    const sum = parts.reduce((total, [, weight]) => total + weight, 0n);
    let upTo = 0n;
    for (const [variant, weight] of parts) {
      upTo += weight;
      if (bucket * sum < upTo * flag.algorithm.splitBuckets) return variant;
    }
    throw new Error("unreachable: every bucket is below the number of buckets");
  }

  // Section 4.

  /** What conditions read: the text fields, `now`, and the attributes by name. */
  attribute(name) {
    return this.context.fields.get(name);
  }

  /** The bucketing unit (section 6), or undefined where it is missing. */
  unit(by) {
    const value = this.attribute(by);
    if (isText(value)) return value !== "" && utf8(value).length <= UNIT_BYTES_LIMIT ? value : undefined;
    if (typeof value === "bigint" || Number.isSafeInteger(value)) return String(value);
    return undefined;
  }

  membership(segment) {
    const unit = this.unit(get(segment, "by") ?? "user_id");
    const lists = (name) => unit !== undefined && (get(segment, name) ?? []).includes(unit);
    if (lists("excluded")) return false;
    if (lists("included")) return true;
    const when = get(segment, "when");
    return when !== undefined && this.holds(when);
  }

  holds(condition) {
    const of = (form) => get(condition, form);
    if (of("all") !== undefined) return of("all").every((one) => this.holds(one));
    if (of("any") !== undefined) return of("any").some((one) => this.holds(one));
    if (of("not") !== undefined) return !this.holds(of("not"));
    if (of("segment") !== undefined) return this.known.get(`segment ${of("segment")}`);
    if (of("flag") !== undefined) return this.satisfied(of("flag"), of("variant"));
    if (of("bucket") !== undefined) return this.inBucket(of("bucket"));
    return operatorHolds(condition, this.attribute(of("attr")));
  }

  inBucket(bounds) {
    const unit = this.unit(get(bounds, "by") ?? "user_id");
    if (unit === undefined) return false;
    const bucket = this.registry.algorithm.conditionBucket(get(bounds, "salt"), unit);
    return get(bounds, "from") <= bucket && bucket < get(bounds, "to");
  }
}

/** The variant whose value equals this one (the smallest name where several do), or null. */
function variantOf(flag, value) {
  const names = [...flag.variants.keys()].filter((name) => equal(flag.variants.get(name), value));
  return names.sort(compareByUtf8)[0] ?? null;
}
