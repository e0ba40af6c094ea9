// What makes a registry document an error (sections 1, 2, 4, 5 and 9 of spec/evaluation.md), for the reference
// evaluator: the first error that is met is thrown, by its code; places, sentences and warnings are not kept.

import {
  DefinitionsError, NESTING_LIMIT, TYPES, fit, get, isArray, isBoolean, isDeeperThan, isNumber, isObject,
  isText, read, readInstant, readPattern, readSemver, toInteger, utf8,
} from "./evaluator_reading.js";

const DOCUMENT_BYTES_LIMIT = 256 * 1024 * 1024;
const STRING_BYTES_LIMIT = 64 * 1024;
const PATTERN_BYTES_LIMIT = 4 * 1024;
const FLAGS_LIMIT = 100_000;
const RULES_LIMIT = 1_000;
const IN_LIST_LIMIT = 100_000;
const WEIGHTS_LIMIT = 2n ** 32n - 1n;
const BUCKETS = 100_000;

const ALGORITHMS = ["xxh64", "djb2-xor", "murmur3-x64-128"];
const STAGES = ["draft", "internal", "pilot", "staged", "full", "paused", "rolled_back"];
const SCOPES = ["global", "tenant", "user"];
const PATCHABLE_KEYS = ["default_value", "serve", "rules", "rollout_stage", "rollout_pct", "cohort", "salt", "audit", "paused_from"];
const UNPATCHABLE_KEYS = [
  "key", "type", "variants", "bucket_by", "algorithm", "dependencies", "requires_approval", "sensitive_flag", "approval_matrix_row",
  "allowed_scopes", "environments",
];
const AUDIT_KEYS = ["created_at", "created_by", "last_flipped_at", "last_flipped_by", "last_approval_ref"];
const CONDITION_FORMS = ["all", "any", "not", "segment", "flag", "bucket", "attr"];
const FOLDING_OPERATORS = ["eq", "ne", "in", "not_in", "contains", "starts_with", "ends_with", "matches"];

// ---------------------------------------------------------------------------------------------------
// Small checks.
// ---------------------------------------------------------------------------------------------------

function need(holds, code) {
  if (!holds) throw new DefinitionsError(code);
}

/** The value of a key, or undefined; of another kind it is an error. */
function optional(object, key, isKind) {
  const value = get(object, key);
  need(value === undefined || isKind(value), "wrong_type");
  return value;
}

function required(object, key, isKind) {
  need(get(object, key) !== undefined, "missing_key");
  return optional(object, key, isKind);
}

/** The elements of an array that may be absent, each of one kind. */
function elements(object, key, isKind) {
  const array = optional(object, key, isArray) ?? [];
  checkElements(array, isKind);
  return array;
}

function checkElements(array, isKind) {
  for (const element of array) {
    need(element !== null, "null_in_array");
    need(isKind(element), "wrong_type");
  }
}

const isAnything = () => true;
const isTextOrObject = (value) => isText(value) || isObject(value);
const isTextOrNumber = (value) => isText(value) || isNumber(value);
const isScalar = (value) => isTextOrNumber(value) || isBoolean(value);

/** Names of variants, rules and segments. */
function checkName(name) {
  const length = [...name].length;
  need(length >= 1 && length <= 128 && !/\p{Control}/u.test(name), "bad_name");
}

function isLongerThan(limit, text) {
  return text.length > limit || (text.length * 3 > limit && utf8(text).length > limit);
}

/** The limits on everything that is written at this level of the document (the root is level 1). */
function checkLimits(value, level) {
  need(!isDeeperThan(NESTING_LIMIT - level + 1, value), "nesting_too_deep");
  checkStrings(value);
}

function checkStrings(value) {
  if (isText(value)) need(!isLongerThan(STRING_BYTES_LIMIT, value), "string_too_long");
  if (isArray(value)) value.forEach(checkStrings);
  if (isObject(value)) {
    for (const [key, part] of value) {
      checkStrings(key);
      checkStrings(part);
    }
  }
}

// ---------------------------------------------------------------------------------------------------
// The document.
// ---------------------------------------------------------------------------------------------------

/**
 * Reads the document and returns {document, entries, setAside, overrides}:
 * - document: as it was read;
 * - entries: the sound flags and segments, a Map by name ("flag x", "segment y"), each after all that it refers to:
 *   {name, kind, key, source, references: [name, …], position};
 * - setAside: the keys of the flags with errors (none when strict);
 * - overrides: the sound rows.
 * Throws a DefinitionsError for what refuses the document; that is, when strict, for any error.
 */
export function checkDocument(text, lenient) {
  need(!isLongerThan(DOCUMENT_BYTES_LIMIT, text), "document_too_large");
  const document = read(text);
  const attempt = (check) => {
    try {
      check();
      return true;
    } catch (error) {
      if (!lenient || !(error instanceof DefinitionsError)) throw error;
      return false;
    }
  };

  // What lies in no flag, segment or override row refuses the document in both modes.
  need(isObject(document), "wrong_type");
  for (const [key, value] of document) {
    checkStrings(key);
    const hasEntries = ["flags", "segments", "overrides"].includes(key) && isArray(value);
    if (!hasEntries) checkLimits(value, 2);
  }
  need(required(document, "schema_version", isText) === "1.0", "bad_schema_version");
  checkAlgorithm(optional(document, "bucketing", isObject) ?? new Map());
  elements(document, "internal_tiers", isText);
  const environments = optional(document, "environments", isArray) ?? ["prod", "staging", "dev"];
  checkElements(environments, isText);
  const flags = required(document, "flags", isArray);
  const segments = optional(document, "segments", isArray) ?? [];
  const rows = optional(document, "overrides", isArray) ?? [];
  need(flags.length <= FLAGS_LIMIT, "too_many_flags");

  // Flags and segments, each by itself.
  const all = [];
  for (const [kind, sources] of [["flag", flags], ["segment", segments]]) {
    for (const source of sources) {
      const isReadable = attempt(() => checkElements([source], isObject)) && attempt(() => required(source, "key", isText));
      if (!isReadable) continue; // dropped
      const key = get(source, "key");
      all.push({ name: `${kind} ${key}`, kind, key, source, references: [], isSound: true });
    }
  }
  const byName = new Map();
  for (const entry of all) {
    const first = byName.get(entry.name) ?? entry;
    byName.set(entry.name, first);
    if (first === entry) continue;
    attempt(() => need(false, `duplicate_${entry.kind}`));
    first.isSound = entry.isSound = false; // neither of the two is served
  }
  for (const entry of all) {
    const refer = (kind, key, variant) => {
      const other = byName.get(`${kind} ${key}`);
      need(other !== undefined, `unknown_${kind}`);
      if (variant !== undefined) need(!other.isSound || hasVariant(other.source, variant), "unknown_variant");
      entry.references.push(other.name);
    };
    const isSound = attempt(() => {
      checkLimits(entry.source, 3);
      if (entry.kind === "flag") checkFlag(entry.source, environments, refer);
      else checkSegment(entry.source, refer);
    });
    entry.isSound &&= isSound;
  }

  // Overrides.
  const targets = new Set();
  const overrides = rows.filter((row) => attempt(() => {
    checkElements([row], isObject);
    checkLimits(row, 3);
    checkOverride(row, byName, targets);
  }));

  // An entry is settled when it is sound and all that it refers to is settled. What never is lies on a cycle,
  // or refers to what is set aside, or to a cycle.
  const entries = settle(all.filter((entry) => entry.isSound));
  const unsettled = [...byName.values()].filter((entry) => !entries.has(entry.name));
  need(lenient || unsettled.length === 0, "cycle");
  return { document, entries, setAside: unsettled.filter((entry) => entry.kind === "flag").map((entry) => entry.key), overrides };
}

/** The entries from the bottom up: first those that refer to nothing, then those that refer only to these, … */
function settle(sound) {
  const settled = new Map();
  const referrers = new Map();
  for (const entry of sound) {
    entry.references = [...new Set(entry.references)];
    entry.unsettledReferences = entry.references.length;
    for (const name of entry.references) {
      if (!referrers.has(name)) referrers.set(name, []);
      referrers.get(name).push(entry);
    }
  }
  const ready = sound.filter((entry) => entry.unsettledReferences === 0);
  for (const entry of ready) {
    entry.position = settled.size;
    settled.set(entry.name, entry);
    for (const referrer of referrers.get(entry.name) ?? []) {
      referrer.unsettledReferences -= 1;
      if (referrer.unsettledReferences === 0) ready.push(referrer);
    }
  }
  return settled;
}

function checkAlgorithm(object) {
  const algorithm = optional(object, "algorithm", isText);
  need(algorithm === undefined || ALGORITHMS.includes(algorithm), "unknown_algorithm");
}

function checkStage(object, key) {
  const stage = optional(object, key, isText);
  need(stage === undefined || STAGES.includes(stage), "unknown_stage");
}

// ---------------------------------------------------------------------------------------------------
// Flags (section 2). `refer(kind, key, variant)` notes a reference, and that it leads somewhere.
// ---------------------------------------------------------------------------------------------------

function variantsOf(flag) {
  return get(flag, "variants") ?? new Map([["on", true], ["off", false]]);
}

/** Of a flag that may have errors: then whatever it is, it is not the referrer's error. */
function hasVariant(flag, name) {
  return !isObject(variantsOf(flag)) || get(variantsOf(flag), name) !== undefined;
}

function checkFlag(flag, environments, refer) {
  need(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(get(flag, "key")), "bad_key");
  const type = optional(flag, "type", isText) ?? "boolean";
  need(TYPES.includes(type), "unknown_type");
  required(flag, "default_value", isAnything);
  if (type !== "boolean") {
    required(flag, "variants", isObject);
    required(flag, "serve", isTextOrObject);
  }
  optional(flag, "variants", isObject);
  for (const [name, value] of variantsOf(flag)) {
    checkName(name);
    need(value === null || fit(type, value) !== undefined, "value_misfit");
  }
  checkServe(optional(flag, "serve", isTextOrObject) ?? "on", flag);
  checkPatchable(flag, flag, type, refer);

  optional(flag, "bucket_by", isText);
  checkAlgorithm(flag);
  for (const dependency of elements(flag, "dependencies", isTextOrObject)) {
    if (isText(dependency)) refer("flag", dependency);
    else refer("flag", required(dependency, "flag", isText), optional(dependency, "variant", isText));
  }
  optional(flag, "requires_approval", isBoolean);
  optional(flag, "sensitive_flag", isBoolean);
  for (const scope of elements(flag, "allowed_scopes", isText)) need(SCOPES.includes(scope), "unknown_scope");

  for (const [env, patch] of optional(flag, "environments", isObject) ?? []) {
    if (patch === null) continue;
    need(environments.includes(env), "unknown_environment");
    need(isObject(patch), "wrong_type");
    for (const key of UNPATCHABLE_KEYS) need(get(patch, key) === undefined, "unpatchable_key");
    checkPatchable(patch, flag, type, refer);
  }
}

/** The keys that a patch has too: in the flag itself, or in a patch of it. */
function checkPatchable(object, flag, type, refer) {
  const defaultValue = get(object, "default_value");
  need(defaultValue === undefined || fit(type, defaultValue) !== undefined, "value_misfit");
  const serve = optional(object, "serve", isTextOrObject);
  if (serve !== undefined) checkServe(serve, flag);
  const rules = optional(object, "rules", isArray) ?? [];
  need(rules.length <= RULES_LIMIT, "too_many_rules");
  checkElements(rules, isObject);
  const ids = new Set();
  for (const rule of rules) {
    const id = required(rule, "id", isText);
    checkName(id);
    need(!ids.has(id), "duplicate_rule");
    ids.add(id);
    checkCondition(required(rule, "when", isObject), refer);
    checkServe(required(rule, "serve", isTextOrObject), flag);
  }
  checkStage(object, "rollout_stage");
  checkStage(object, "paused_from");
  const percentage = optional(object, "rollout_pct", isNumber) ?? 0;
  need(percentage >= 0 && percentage <= 100, "percentage_out_of_range");
  for (const segment of elements(object, "cohort", isText)) refer("segment", segment);
  optional(object, "salt", isText);
  const audit = optional(object, "audit", isObject) ?? new Map();
  for (const key of AUDIT_KEYS) optional(audit, key, isText);
}

function checkServe(serve, flag) {
  const checkVariant = (name) => need(get(variantsOf(flag), name) !== undefined, "unknown_variant");
  if (isText(serve)) return checkVariant(serve);
  required(serve, "split", isArray);
  const names = new Set();
  let sum = 0n;
  for (const part of elements(serve, "split", isObject)) {
    const name = required(part, "variant", isText);
    checkVariant(name);
    need(!names.has(name), "duplicate_variant");
    names.add(name);
    const weight = toInteger(required(part, "weight", isNumber));
    need(weight !== undefined && weight >= 0n && weight <= WEIGHTS_LIMIT, "bad_weight");
    sum += weight;
  }
  need(sum > 0n, "zero_weights");
  need(sum <= WEIGHTS_LIMIT, "weights_too_large");
  optional(serve, "by", isText);
  optional(serve, "salt", isText);
}

// ---------------------------------------------------------------------------------------------------
// Conditions and segments (section 4).
// ---------------------------------------------------------------------------------------------------

function checkSegment(segment, refer) {
  checkName(get(segment, "key"));
  elements(segment, "included", isText);
  elements(segment, "excluded", isText);
  optional(segment, "by", isText);
  const when = optional(segment, "when", isObject);
  if (when !== undefined) checkCondition(when, refer);
}

function checkCondition(condition, refer) {
  const forms = CONDITION_FORMS.filter((form) => get(condition, form) !== undefined);
  need(forms.length > 0, "no_condition_form");
  need(forms.length === 1, "many_condition_forms");
  const [form] = forms;
  if (form === "all" || form === "any") {
    for (const part of elements(condition, form, isObject)) checkCondition(part, refer);
  } else if (form === "not") {
    checkCondition(required(condition, form, isObject), refer);
  } else if (form === "segment") {
    refer("segment", required(condition, form, isText));
  } else if (form === "flag") {
    refer("flag", required(condition, form, isText), optional(condition, "variant", isText));
  } else if (form === "bucket") {
    checkBucket(required(condition, form, isObject));
  } else {
    required(condition, form, isText);
    checkOperator(condition);
  }
}

function checkBucket(bounds) {
  required(bounds, "salt", isText);
  optional(bounds, "by", isText);
  const from = toInteger(required(bounds, "from", isNumber));
  const to = toInteger(required(bounds, "to", isNumber));
  need(from !== undefined && to !== undefined && from >= 0n && from < to && to <= BUCKETS, "bucket_out_of_range");
}

function checkOperator(condition) {
  const operator = required(condition, "op", isText);
  const ignoreCase = optional(condition, "ignore_case", isBoolean);
  const value = (isKind) => required(condition, "value", isKind);
  switch (operator) {
    case "eq": case "ne":
      value(isScalar);
      break;
    case "in": case "not_in":
      value(isArray);
      need(get(condition, "value").length <= IN_LIST_LIMIT, "list_too_long");
      checkElements(get(condition, "value"), isTextOrNumber);
      break;
    case "lt": case "lte": case "gt": case "gte":
      value(isNumber);
      break;
    case "contains":
      value(isTextOrNumber);
      break;
    case "starts_with": case "ends_with":
      if (isArray(value(isAnything))) checkElements(value(isArray), isText);
      else value(isText);
      break;
    case "matches":
      need(!isLongerThan(PATTERN_BYTES_LIMIT, value(isText)), "pattern_too_long");
      readPattern(value(isText), ignoreCase ?? false);
      break;
    case "exists":
      need(get(condition, "value") === undefined, "unexpected_value");
      break;
    case "semver_eq": case "semver_lt": case "semver_lte": case "semver_gt": case "semver_gte": case "semver_tilde": case "semver_caret":
      need(readSemver(value(isText)) !== undefined, "bad_semver");
      break;
    case "before": case "after":
      need(readInstant(value(isTextOrNumber)) !== undefined, "bad_instant");
      break;
    default:
      need(false, "unknown_operator");
  }
  need(ignoreCase === undefined || FOLDING_OPERATORS.includes(operator), "ignore_case_not_allowed");
}

// ---------------------------------------------------------------------------------------------------
// Override rows (section 5).
// ---------------------------------------------------------------------------------------------------

function checkOverride(row, byName, targets) {
  const id = required(row, "id", isText);
  const scope = required(row, "scope", isText);
  need(scope === "user" || scope === "tenant", "unknown_scope");
  const flagKey = required(row, "flag_key", isText);
  const user = optional(row, "user_id", isText);
  const tenant = optional(row, "tenant_id", isText);
  need(user !== "" && tenant !== "", "bad_override_target");
  if (scope === "user") need(user !== undefined, "bad_override_target");
  else need(tenant !== undefined && user === undefined, "bad_override_target");

  for (const target of [{ id }, { flagKey, scope, user, tenant }].map((one) => JSON.stringify(one))) {
    need(!targets.has(target), "duplicate_override");
    targets.add(target);
  }

  required(row, "value", isAnything);
  const expires = optional(row, "expires_at", isText);
  need(expires === undefined || readInstant(expires) !== undefined, "bad_instant");
  for (const key of ["approval_ref", "created_at", "created_by", "source", "rationale"]) optional(row, key, isText);
  const flag = byName.get(`flag ${flagKey}`);
  need(flag !== undefined, "unknown_flag");
  if (!flag.isSound) return; // then the row has no effect
  need(fit(get(flag.source, "type") ?? "boolean", get(row, "value")) !== undefined, "value_misfit");
  need((get(flag.source, "allowed_scopes") ?? SCOPES).includes(scope), "scope_not_allowed");
}
