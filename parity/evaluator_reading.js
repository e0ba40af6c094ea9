// What the reference evaluator reads and compares: JSON, values, patterns, semantic versions, instants.
// See evaluator.js, which this file is a part of.

/** The registry document is refused; `code` is one of the contract's codes. */
export class DefinitionsError extends Error {
  constructor(code) { super(`the definitions are refused: ${code}`); this.code = code; }
}

// ---------------------------------------------------------------------------------------------------
// JSON (section 9, "Reading a document").
//
//   integer within i64 -> BigInt      any other number -> Number      object -> Map      array -> Array
//
// JavaScript's own ==, <, <=, > and >= between a BigInt and a Number compare by exact mathematical value.
// ---------------------------------------------------------------------------------------------------

/** A text and a place in it. `take` reads what matches there (the regex must be sticky), or undefined. */
class Scanner {
  constructor(text) { this.text = text; this.at = 0; }
  get ended() { return this.at === this.text.length; }
  take(regex) {
    regex.lastIndex = this.at;
    const match = regex.exec(this.text);
    if (!match) return undefined;
    this.at = regex.lastIndex;
    return match[0];
  }
}

const ESCAPES = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** Reads a JSON text. The nesting is not limited here (see `isDeeperThan`), so this keeps its own stack. */
export function read(text) {
  const fail = (code = "malformed_json") => { throw new DefinitionsError(code); };
  if (text.startsWith("\uFEFF")) fail("byte_order_mark");
  const scanner = new Scanner(text);
  const take = (regex) => scanner.take(regex);
  const skipSpace = () => take(/[ \t\n\r]*/y);

  function readString() { // its opening quote is taken
    let string = "";
    for (;;) {
      string += take(/[^"\\\u0000-\u001F]*/y);
      if (take(/"/y)) break;
      const escape = take(/\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y) ?? fail();
      if (escape[1] === "u") string += String.fromCharCode(parseInt(escape.slice(2), 16));
      else string += ESCAPES[escape[1]] ?? escape[1];
    }
    if (/\p{Surrogate}/u.test(string)) fail(); // with the u flag, only a lone one is such
    return string;
  }

  function readScalar() {
    if (take(/"/y)) return readString();
    if (take(/true/y)) return true;
    if (take(/false/y)) return false;
    if (take(/null/y)) return null;
    return numberFrom(take(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y) ?? fail());
  }

  function numberFrom(literal) {
    if (/^-?[0-9]{1,19}$/.test(literal) && isI64(BigInt(literal))) return BigInt(literal);
    const number = Number(literal);
    if (!Number.isFinite(number)) fail();
    return number === 0 ? 0 : number; // -0 is read as 0
  }

  const open = []; // what we are inside of: {container, key}, the key only in an object

  function readKey(inside) {
    skipSpace();
    if (!take(/"/y)) fail();
    inside.key = readString();
    if (inside.container.has(inside.key)) fail("duplicate_key");
    skipSpace();
    if (!take(/:/y)) fail();
  }

  for (;;) {
    // A value begins here. One that has parts is finished later.
    let value;
    skipSpace();
    if (take(/\{/y)) {
      value = new Map();
      skipSpace();
      if (!take(/\}/y)) {
        open.push({ container: value });
        readKey(open.at(-1));
        continue;
      }
    } else if (take(/\[/y)) {
      value = [];
      skipSpace();
      if (!take(/\]/y)) {
        open.push({ container: value });
        continue;
      }
    } else {
      value = readScalar();
    }
    // It is finished, and so is everything that ends with it.
    for (;;) {
      skipSpace();
      if (open.length === 0) return scanner.ended ? value : fail();
      const { container, key } = open.at(-1);
      if (Array.isArray(container)) container.push(value);
      else container.set(key, value);
      skipSpace();
      if (take(/,/y)) {
        if (!Array.isArray(container)) readKey(open.at(-1));
        break;
      }
      if (!take(Array.isArray(container) ? /\]/y : /\}/y)) fail();
      value = open.pop().container;
    }
  }
}

/** JSON of what `read` gives, and of plain objects. A double keeps a point or an exponent: 2.0 stays a double. */
export function write(value) {
  if (value instanceof Map) return `{${[...value].map(([key, part]) => `${JSON.stringify(key)}:${write(part)}`).join()}}`;
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return String(value) + (/^-?[0-9]+$/.test(value) ? ".0" : "");
  if (typeof value === "object" && value !== null) return write(new Map(Object.entries(value)));
  return JSON.stringify(value);
}

export const NESTING_LIMIT = 64;

/** Do arrays and objects nest deeper in this value than so many levels? */
export function isDeeperThan(levels, value) {
  if (!isArray(value) && !isObject(value)) return false;
  return levels === 0 || [...value.values()].some((part) => isDeeperThan(levels - 1, part));
}

// ---------------------------------------------------------------------------------------------------
// Values: kinds, equality, the types of flags (sections 2 and 3).
// ---------------------------------------------------------------------------------------------------

export function isText(value) { return typeof value === "string"; }
export function isBoolean(value) { return typeof value === "boolean"; }
export function isNumber(value) { return typeof value === "bigint" || typeof value === "number"; }
export function isArray(value) { return Array.isArray(value); }
export function isObject(value) { return value instanceof Map; }

/** The value of an object's key; `null` means absent everywhere. */
export function get(object, key) { return object.get(key) ?? undefined; }

function isI64(integer) { return BigInt.asIntN(64, integer) === integer; }

/** A number whose value is an integer within i64, as that integer; else undefined. */
export function toInteger(value) {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isInteger(value) && isI64(BigInt(value))) return BigInt(value);
  return undefined;
}

/** Equality: numbers by value, objects deeply, everything else only with its own kind. */
export function equal(a, b) {
  if (isNumber(a) && isNumber(b)) return a == b;
  if (isArray(a) && isArray(b)) return a.length === b.length && a.every((part, i) => equal(part, b[i]));
  if (isObject(a) && isObject(b)) return a.size === b.size && [...a].every(([key, part]) => b.has(key) && equal(part, b.get(key)));
  return a === b;
}

export const TYPES = ["boolean", "string", "integer", "double", "object"];

/** The value as a flag of this type holds it, or undefined where it does not fit. */
export function fit(type, value) {
  if (type === "boolean") return isBoolean(value) ? value : undefined;
  if (type === "string") return isText(value) ? value : undefined;
  if (type === "integer") return toInteger(value);
  if (type === "double") return isNumber(value) ? Number(value) : undefined;
  if (type === "object") return isArray(value) || isObject(value) ? value : undefined;
  return undefined;
}

const utf8Encoder = new TextEncoder();
export function utf8(text) { return utf8Encoder.encode(text); }

/** The order of UTF-8 bytes, which is that of code points (and not that of UTF-16 units). */
export function compareByUtf8(a, b) {
  const [left, right] = [utf8(a), utf8(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return left[i] - right[i];
  }
  return left.length - right.length;
}

// ---------------------------------------------------------------------------------------------------
// Patterns (section 4). A RegExp would need exponential time for some of them, so a pattern is matched by its meaning:
// it is a function (text, places) => places, which from a Set of places in the text leads to all the places where it can end.
// The text is an array of code points; a set of code points is a list of [first, last].
// ---------------------------------------------------------------------------------------------------

const point = (character) => character.codePointAt(0);
const rangeOf = (first, last = first) => [point(first), point(last)];

function complement(set) {
  const gaps = [];
  let next = 0;
  for (const [first, last] of [...set].sort((a, b) => a[0] - b[0])) {
    if (first > next) gaps.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next <= 0x10FFFF) gaps.push([next, 0x10FFFF]);
  return gaps;
}

/** The set with the other case of each of its ASCII letters. */
function folded(set) {
  const others = [];
  for (const [letters, distance] of [[rangeOf("A", "Z"), 32], [rangeOf("a", "z"), -32]]) {
    for (const [first, last] of set) {
      const [from, to] = [Math.max(first, letters[0]), Math.min(last, letters[1])];
      if (from <= to) others.push([from + distance, to + distance]);
    }
  }
  return [...set, ...others];
}

const DIGIT = [rangeOf("0", "9")];
const WORD = [rangeOf("0", "9"), rangeOf("A", "Z"), rangeOf("_"), rangeOf("a", "z")];
const SPACE = [rangeOf("\t", "\r"), rangeOf(" ")]; // \t \n \v \f \r and the space
const SETS = { d: DIGIT, w: WORD, s: SPACE, D: complement(DIGIT), W: complement(WORD), S: complement(SPACE) };
const CONTROLS = { n: "\n", r: "\r", t: "\t" };

const isIn = (set, character) => set.some(([first, last]) => first <= character && character <= last); // false for undefined
const isWordBoundary = (text, at) => isIn(WORD, text[at - 1]) !== isIn(WORD, text[at]);

const ASSERTIONS = {
  "^": (text, at) => at === 0,
  "$": (text, at) => at === text.length,
  "\\b": isWordBoundary,
  "\\B": (text, at) => !isWordBoundary(text, at),
};

const assertion = (holds) => (text, places) => new Set([...places].filter((at) => holds(text, at)));
const character = (set) => (text, places) => new Set([...places].filter((at) => isIn(set, text[at])).map((at) => at + 1));
const sequence = (parts) => (text, places) => parts.reduce((reached, part) => part(text, reached), places);
const anyOf = (branches) => (text, places) => new Set(branches.flatMap((branch) => [...branch(text, places)]));

const repeated = (part, least, most) => (text, places) => {
  let fresh = places;
  for (let i = 0; i < least; i++) fresh = part(text, fresh);
  const reached = new Set(fresh);
  for (let i = least; i < most && fresh.size > 0; i++) {
    fresh = new Set([...part(text, fresh)].filter((at) => !reached.has(at)));
    fresh.forEach((at) => reached.add(at));
  }
  return reached;
};

// "A compiled form over 1 MiB", counted as section 9 says.
const PATTERN_SIZE = 32768;
const WIDE = 16; // what something that takes in characters beyond ASCII counts
const sizeOf = (set) => (set.some(([, last]) => last > 127) ? WIDE : 1);

/** Reads a pattern: a function that says whether it is found anywhere in a text. */
export function readPattern(pattern, ignoreCase) {
  const fail = (code = "bad_pattern") => { throw new DefinitionsError(code); };
  const scanner = new Scanner(pattern);
  const take = (regex) => scanner.take(regex);
  let depth = 0;  // of the groups around this place
  let size = 0;  // of the compiled form so far

  function readAlternatives() {
    const branches = [readSequence()];
    while (take(/\|/y)) branches.push(readSequence());
    return anyOf(branches);
  }

  function readSequence() {
    const parts = [];
    while (!scanner.ended && !/[|)]/.test(pattern[scanner.at])) parts.push(readRepeated());
    return sequence(parts);
  }

  function readRepeated() {
    const before = size;
    const asserted = take(/\^|\$|\\[bB]/y);
    if (asserted) size += 1;
    const part = asserted ? assertion(ASSERTIONS[asserted]) : readAtom();
    const quantifier = take(/[?*+]|\{[0-9]+(?:,[0-9]*)?\}/y);
    if (!quantifier) return part;
    take(/\?/y); // a lazy form finds the same
    if (asserted || take(/[?*+{]/y)) fail();
    if (quantifier === "?") return repeated(part, 0, 1);
    if (quantifier === "*") return repeated(part, 0, Infinity);
    if (quantifier === "+") return repeated(part, 1, Infinity);
    const [from, to = from] = quantifier.slice(1, -1).split(",");
    const [least, most] = [Number(from), to === "" ? Infinity : Number(to)];
    if (least > 1000 || least > most || (most > 1000 && most !== Infinity)) fail();
    size = before + (size - before) * Math.max(1, most === Infinity ? least : most);
    return repeated(part, least, most);
  }

  function readAtom() {
    if (take(/\((?:\?:)?/y)) {
      depth += 1;
      if (depth > 64) fail();
      const group = readAlternatives();
      if (!take(/\)/y)) fail();
      depth -= 1;
      return group;
    }
    if (take(/\[/y)) return character(readClass());
    if (take(/\./y)) { size += WIDE; return character(complement([rangeOf("\n")])); }
    if (take(/[?*+{}\]]/y)) fail();
    const set = readCharacter();
    size += sizeOf(set);
    return character(ignoreCase ? folded(set) : set);
  }

  /** One character or escape, as a set. */
  function readCharacter() {
    const itself = take(/[^\\]/uy);
    if (itself) return [rangeOf(itself)];
    const escaped = (take(/\\[!-~]/y) ?? fail())[1];
    if (SETS[escaped]) return SETS[escaped];
    if (CONTROLS[escaped]) return [rangeOf(CONTROLS[escaped])];
    if (/[0-9A-Za-z]/.test(escaped)) fail(); // the rest is ASCII punctuation
    return [rangeOf(escaped)];
  }

  function readClass() { // its opening bracket is taken
    const isNegated = take(/\^/y);
    let set = [];
    if (isNegated) size += WIDE;
    do {
      const first = readMember();
      if (take(/-(?!\])/y)) { // not the last, so it makes a range
        if (take(/-/y)) fail();
        const last = readMember();
        if (first.isSet || last.isSet || first.set[0][0] > last.set[0][0]) fail();
        set.push([first.set[0][0], last.set[0][0]]);
        size += sizeOf([set.at(-1)]);
      } else {
        set.push(...first.set);
        size += sizeOf(first.set);
      }
    } while (!take(/\]/y));
    if (ignoreCase) set = folded(set); // before it is negated
    return isNegated ? complement(set) : set;
  }

  function readMember() {
    const start = scanner.at;
    if (take(/[[\]]/y)) fail();
    const set = readCharacter();
    const written = pattern.slice(start, scanner.at);
    if (/^[&~-]$/.test(written) && pattern[scanner.at] === written) fail(); // && ~~ --
    return { set, isSet: /^\\[dwsDWS]$/.test(written) };
  }

  const whole = readAlternatives();
  if (!scanner.ended) fail(); // a `)` too many
  if (size > PATTERN_SIZE) fail("pattern_too_large");
  return (found) => {
    const text = [...found].map(point);
    return whole(text, new Set([...text.keys(), text.length])).size > 0;
  };
}

// ---------------------------------------------------------------------------------------------------
// Semantic versions and instants (section 4).
// ---------------------------------------------------------------------------------------------------

/** {numbers: [major, minor, patch], prerelease: [identifier, …]} or undefined. */
export function readSemver(value) {
  if (!isText(value)) return undefined;
  const match = /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/.exec(value);
  if (!match) return undefined;
  const prerelease = match[4] === undefined ? [] : match[4].split(".");
  const build = match[5] === undefined ? [] : match[5].split(".");
  if (!prerelease.every((identifier) => identifier !== "" && !/^0\d+$/.test(identifier))) return undefined;
  if (!build.every((identifier) => identifier !== "")) return undefined;
  return { numbers: match.slice(1, 4).map(BigInt), prerelease };
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Precedence by semver.org 2.0, item 11: negative, zero or positive. */
export function compareSemver(a, b) {
  for (let i = 0; i < 3; i++) {
    if (a.numbers[i] !== b.numbers[i]) return compare(a.numbers[i], b.numbers[i]);
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return compare(b.prerelease.length, a.prerelease.length);
  for (let i = 0; i < Math.min(a.prerelease.length, b.prerelease.length); i++) {
    const [left, right] = [a.prerelease[i], b.prerelease[i]];
    if (left === right) continue;
    const [leftIsNumber, rightIsNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (leftIsNumber && rightIsNumber) return compare(BigInt(left), BigInt(right));
    if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
    return compare(left, right); // ASCII
  }
  return compare(a.prerelease.length, b.prerelease.length);
}

/** An instant as an exact fraction [numerator, denominator] of milliseconds since the epoch, or undefined. */
export function readInstant(value) {
  if (typeof value === "bigint") return [value, 1n];
  if (typeof value === "number") {
    let denominator = 1n;
    for (; !Number.isInteger(value); value *= 2) denominator *= 2n; // exact: a double is an integer over a power of 2
    return [BigInt(value), denominator];
  }
  if (!isText(value)) return undefined;
  const match = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(value);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const [fraction = "", sign = "+", offsetHour = "00", offsetMinute = "00"] = match.slice(7);
  if (hour > 23 || minute > 59 || second > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // proleptic Gregorian; a day that does not exist becomes another one
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === "-" ? -60 : 60);
  const seconds = date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset;
  const scale = 10n ** BigInt(fraction.length);
  return [(BigInt(seconds) * scale + BigInt(fraction)) * 1000n, scale];
}

export const isEarlier = ([a, overA], [b, overB]) => a * overB < b * overA;
