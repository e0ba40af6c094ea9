"""The Python reference evaluator of stitch: spec/evaluation.md, written out as plainly as possible.

It is slow and linear on purpose. Hold it against the contract section by section; where they differ, this
code is wrong. It shares no code and no table with the core or with the other reference evaluators. How a
registry document is read and checked stands in evaluator_checks.py; here are contexts, operators, hashes and
the nine steps.

    registry = Registry(text)                    # strict: raises DefinitionsError
    registry = Registry(text, lenient=True)      # sets aside the flags and segments that have an error
    registry.evaluate("flag", {"user_id": "u"})  # a dict; raises ContextError
    registry.evaluate_all('{"user_id": "u"}')    # a list of dicts

As a program it reads JSON lines and answers each with one (see `main`).
"""

import json
import sys
from fractions import Fraction
from typing import Any, Optional

from evaluator_checks import (
    CLASSES,
    Definitions,
    DefinitionsError,
    Flag,
    Problem,
    Segment,
    Split,
    a_text,
    an_integer,
    an_object,
    as_integer,
    equal,
    fit,
    fold,
    instant,
    kind,
    optional,
    read_json,
    semver,
)

MAX_ATTRIBUTES = 256
MAX_UNIT_BYTES = 1024


class ContextError(Exception):
    """The context is refused."""


# ---------------------------------------------------------------------------------------------------------
# Operators (section 4)


def operator_holds(op: str, attribute: Any, value: Any, ignore_case: bool) -> bool:
    """One row of the table of operators after the other. Missing or of the wrong kind: false."""
    if ignore_case and op != "matches":  # a pattern was folded when it was read
        attribute, value = fold(attribute), fold(value)
    is_kind = kind(attribute)
    if is_kind == "null":
        return False
    if op in ("eq", "ne"):
        return is_kind == kind(value) and equal(attribute, value) == (op == "eq")
    if op in ("in", "not_in"):
        if is_kind not in ("text", "number", "array"):
            return False
        elements = attribute if is_kind == "array" else [attribute]
        listed = any(equal(element, one) for element in elements for one in value)
        return listed == (op == "in")
    if op in ("lt", "lte", "gt", "gte"):
        return is_kind == "number" and compares(op, attribute, value)
    if op == "contains":
        if is_kind == "text":
            return kind(value) == "text" and value in attribute
        return is_kind == "array" and any(equal(element, value) for element in attribute)
    if op == "starts_with":
        return is_kind == "text" and any(attribute.startswith(one) for one in value)
    if op == "ends_with":
        return is_kind == "text" and any(attribute.endswith(one) for one in value)
    if op == "matches":
        return is_kind == "text" and is_found(value, attribute)
    if op == "exists":
        return True
    if op.startswith("semver_"):
        version = semver(attribute) if is_kind == "text" else None
        return version is not None and semver_holds(op, version, value)
    moment = instant(attribute)
    return moment is not None and (moment < value if op == "before" else moment > value)


def compares(op: str, a: Any, b: Any) -> bool:
    return {"lt": a < b, "lte": a <= b, "gt": a > b, "gte": a >= b, "eq": a == b}[op]


def semver_holds(op: str, version: tuple, wanted: tuple) -> bool:
    if op == "semver_tilde":
        return version >= wanted and version[0][:2] == wanted[0][:2]
    if op == "semver_caret":
        positions = next((i + 1 for i in range(3) if wanted[0][i] != 0), 3)
        return version >= wanted and version[0][:positions] == wanted[0][:positions]
    return compares(op.removeprefix("semver_"), version, wanted)


def is_found(pattern: tuple, text: str) -> bool:
    return bool(ends(pattern, text, set(range(len(text) + 1))))


def ends(node: tuple, text: str, starts: set) -> set:
    """The places in the text at which the node can end when it begins at one of `starts`."""
    if node[0] == "chars":
        return {at + 1 for at in starts if at < len(text) and lies_in(text[at], node[1])}
    if node[0] == "assertion":
        return {at for at in starts if assertion_holds(node[1], text, at)}
    if node[0] == "sequence":
        for inner in node[1]:
            starts = ends(inner, text, starts)
        return starts
    if node[0] == "branches":
        return set().union(*(ends(inner, text, starts) for inner in node[1]))
    _, inner, low, high = node  # "repeat"
    for _ in range(low):
        starts, before = ends(inner, text, starts), starts
        if starts == before:
            break  # more rounds would change nothing
    reached, new, rounds = set(starts), starts, low
    while new and (high is None or rounds < high):
        new = ends(inner, text, new) - reached
        reached |= new
        rounds += 1
    return reached


def lies_in(char: str, ranges: list) -> bool:
    return any(first <= ord(char) <= last for first, last in ranges)


def assertion_holds(assertion: str, text: str, at: int) -> bool:
    if assertion == "^":
        return at == 0
    if assertion == "$":
        return at == len(text)
    word_before = at > 0 and lies_in(text[at - 1], CLASSES["w"])
    word_after = at < len(text) and lies_in(text[at], CLASSES["w"])
    return (word_before != word_after) == (assertion == "b")


# ---------------------------------------------------------------------------------------------------------
# The context (section 3; section 9, items 18 to 21)

TEXT_FIELDS = ["user_id", "kind", "tenant_id", "tier", "env", "role_key"]
CONTEXT_FIELDS = [*TEXT_FIELDS, "attributes", "overrides", "approvals", "now"]


class Context:
    def __init__(self, document: Any, registry: Definitions):
        """`document` is JSON text, or Python values, which are read as the JSON that they make."""
        try:
            if not isinstance(document, (str, bytes)):
                document = json.dumps(document)
            self.read(an_object(read_json(document)), registry)
        except (Problem, ValueError, TypeError) as problem:
            raise ContextError(str(problem)) from problem

    def read(self, fields: dict, registry: Definitions) -> None:
        if any(name not in CONTEXT_FIELDS for name in fields):
            raise Problem("an unknown field")
        # `readable` is what conditions and units read, by name.
        self.readable = {"kind": "user", "tier": "anonymous"}
        self.readable.update({name: a_text(fields[name]) for name in TEXT_FIELDS if name in fields})
        if "user_id" in fields and not 1 <= len(fields["user_id"].encode("utf-8")) <= MAX_UNIT_BYTES:
            raise Problem("an empty or overlong user_id")
        if self.readable.get("tenant_id") == "":
            del self.readable["tenant_id"]
        self.now = optional(fields, "now", an_integer, None)
        if self.now is not None:
            self.readable["now"] = self.now
        attributes = optional(fields, "attributes", an_object, {})
        if len(attributes) > MAX_ATTRIBUTES:
            raise Problem("too many attributes")
        for name, value in attributes.items():
            if name in CONTEXT_FIELDS:
                raise Problem("a reserved attribute")
            is_array = kind(value) == "array" and all(kind(one) in ("text", "number") for one in value)
            if not is_array and kind(value) not in ("text", "number", "boolean"):
                raise Problem("wrong_type")
            self.readable[name] = value
        approvals = optional(fields, "approvals", an_object, {})
        self.approvals = {flag: a_text(reference) for flag, reference in approvals.items()}
        overrides = optional(fields, "overrides", an_object, {})
        if any(scope not in ("user", "tenant") for scope in overrides):
            raise Problem("an unknown field")
        self.inline: dict = {"user": {}, "tenant": {}}
        for scope, values in overrides.items():
            for flag_key, value in an_object(values).items():
                if flag_key in registry.flags:
                    self.inline[scope][flag_key] = fit(value, registry.flags[flag_key].type)

    def get(self, name: str) -> Any:
        return self.readable.get(name)

    def unit(self, by: str) -> Optional[str]:
        """The text of the attribute (section 6), or None."""
        value = self.get(by)
        if kind(value) == "number" and as_integer(value) is not None:
            if isinstance(value, float) and abs(value) > 2**53 - 1:
                return None
            return str(as_integer(value))
        if kind(value) == "text" and 1 <= len(value.encode("utf-8")) <= MAX_UNIT_BYTES:
            return value
        return None


# ---------------------------------------------------------------------------------------------------------
# Hashes (section 6)

MASK = 2**64 - 1


def rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & MASK


def word(data: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(data[at : at + size], "little")


def xxh64(data: bytes, seed: int) -> int:
    p1, p2, p3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
    p4, p5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5

    def round_(lane: int, value: int) -> int:
        return rotate((lane + value * p2) & MASK, 31) * p1 & MASK

    at = 0
    if len(data) >= 32:
        lanes = [(seed + p1 + p2) & MASK, (seed + p2) & MASK, seed, (seed - p1) & MASK]
        while len(data) - at >= 32:
            lanes = [round_(lane, word(data, at + 8 * i)) for i, lane in enumerate(lanes)]
            at += 32
        h = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            h = ((h ^ round_(0, lane)) * p1 + p4) & MASK
    else:
        h = (seed + p5) & MASK
    h = (h + len(data)) & MASK
    while len(data) - at >= 8:
        h = (rotate(h ^ round_(0, word(data, at)), 27) * p1 + p4) & MASK
        at += 8
    if len(data) - at >= 4:
        h = (rotate(h ^ (word(data, at, 4) * p1 & MASK), 23) * p2 + p3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ (byte * p5 & MASK), 11) * p1 & MASK
    h = (h ^ (h >> 33)) * p2 & MASK
    h = (h ^ (h >> 29)) * p3 & MASK
    return h ^ (h >> 32)


def murmur3_x64_128(data: bytes) -> tuple:
    """(h1, h2), with seed 0."""
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
    h1 = h2 = 0

    def mix1(k: int) -> int:
        return rotate(k * c1 & MASK, 31) * c2 & MASK

    def mix2(k: int) -> int:
        return rotate(k * c2 & MASK, 33) * c1 & MASK

    def final(h: int) -> int:
        h = (h ^ (h >> 33)) * 0xFF51AFD7ED558CCD & MASK
        h = (h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53 & MASK
        return h ^ (h >> 33)

    whole = len(data) // 16 * 16
    for at in range(0, whole, 16):
        h1 ^= mix1(word(data, at))
        h1 = ((rotate(h1, 27) + h2) * 5 + 0x52DCE729) & MASK
        h2 ^= mix2(word(data, at + 8))
        h2 = ((rotate(h2, 31) + h1) * 5 + 0x38495AB5) & MASK
    tail = data[whole:]
    h1 ^= mix1(word(tail, 0)) ^ len(data)
    h2 ^= mix2(word(tail, 8)) ^ len(data)
    h1 = (h1 + h2) & MASK
    h2 = (h2 + h1) & MASK
    h1, h2 = final(h1), final(h2)
    h1 = (h1 + h2) & MASK
    return h1, (h2 + h1) & MASK


def djb2_xor(text: str) -> int:
    units = text.encode("utf-16-le")
    h = 5381
    for at in range(0, len(units), 2):
        h = ((h * 33) ^ word(units, at, 2)) % 2**32
    return h


# ---------------------------------------------------------------------------------------------------------
# Bucketing (section 6)

GATE, SPLIT, CONDITION = 0, 1, 2  # the purposes


def xxh64_bucket(salt: str, unit: str, purpose: int) -> int:
    seed = xxh64(salt.encode("utf-8"), purpose)
    return (xxh64(unit.encode("utf-8"), seed) * 100_000) >> 64


def murmur_bucket(salt: str, unit: str) -> int:
    h1, h2 = murmur3_x64_128((salt + unit).encode("utf-8"))
    return ((h2 << 64) | h1) % 100_000 // 10


def gate_is_open(algorithm: str, salt: str, unit: str, pct: "int | float") -> bool:
    if algorithm == "djb2-xor":
        return djb2_xor(salt + ":" + unit) % 100 < pct
    threshold = int(Fraction(float(pct) * 1000.0) + Fraction(1, 2))  # halves away from zero; none is negative
    return xxh64_bucket(salt, unit, GATE) < threshold


def split_variant(algorithm: str, salt: str, unit: str, parts: list) -> str:
    if algorithm == "murmur3-x64-128":
        bucket, buckets = murmur_bucket(salt, unit), 10_000
    else:
        bucket, buckets = xxh64_bucket(salt, unit, SPLIT), 100_000
    total = sum(weight for _, weight in parts)
    so_far = 0
    for variant, weight in parts:
        so_far += weight
        if bucket * total < so_far * buckets:
            return variant
    raise AssertionError("the weights up to the last one are all of them")


def condition_bucket(algorithm: str, salt: str, unit: str) -> int:
    """In units of 1/100000."""
    if algorithm == "murmur3-x64-128":
        return murmur_bucket(salt, unit) * 10
    return xxh64_bucket(salt, unit, CONDITION)


# ---------------------------------------------------------------------------------------------------------
# Evaluation (section 5)

ENABLED_REASONS = ["user_override", "tenant_override", "staged_in", "stage_internal", "stage_pilot", "stage_full"]


class Call:
    """One call: the flags and segments that were evaluated are remembered for as long as it lasts."""

    def __init__(self, registry: Definitions, context: Context):
        self.registry, self.context = registry, context
        self.results: dict = {}  # flag key to result
        self.traces: dict = {}  # flag key to trace
        self.members: dict = {}  # segment key to whether the context is in it

    def evaluate(self, nodes: list) -> None:
        """What a flag or a segment refers to stands before it in `nodes`, so nothing recurses."""
        for what, key in nodes:
            if what == "segment":
                self.members[key] = self.is_member(self.registry.segments[key])
            else:
                self.nine_steps(key)

    def result(self, flag_key: str, trace: bool) -> dict:
        if flag_key not in self.results:
            self.nine_steps(flag_key)  # there is no such flag, or it was set aside
        result = self.results[flag_key]
        return {**result, "trace": self.traces[flag_key]} if trace else result

    def is_member(self, segment: Segment) -> bool:
        unit = self.context.unit(segment.by)
        if unit is not None and unit in segment.excluded:
            return False
        if unit is not None and unit in segment.included:
            return True
        return segment.when is not None and self.holds(segment.when)

    def holds(self, condition: dict) -> bool:
        if "all" in condition:
            return all(self.holds(inner) for inner in condition["all"])
        if "any" in condition:
            return any(self.holds(inner) for inner in condition["any"])
        if "not" in condition:
            return not self.holds(condition["not"])
        if "segment" in condition:
            return self.members[condition["segment"]]
        if "flag" in condition:
            return self.satisfied(condition["flag"], condition["variant"])
        if "bucket" in condition:
            wanted = condition["bucket"]
            unit = self.context.unit(wanted["by"])
            if unit is None:
                return False
            bucket = condition_bucket(self.registry.algorithm, wanted["salt"], unit)
            return wanted["from"] <= bucket < wanted["to"]
        attribute = self.context.get(condition["attr"])
        return operator_holds(condition["op"], attribute, condition["value"], condition["ignore_case"])

    def satisfied(self, flag_key: str, variant: Optional[str]) -> bool:
        result = self.results[flag_key]
        if result["reason"] in ("paused", "rolled_back"):
            return False
        return result["is_enabled"] if variant is None else result["variant_key"] == variant

    # The nine steps. Each returns its answer when it decides, else None.

    def nine_steps(self, key: str) -> None:
        steps = [
            ("exists", self.step_exists),
            ("halted", self.step_halted),
            ("dependencies", self.step_dependencies),
            ("approval", self.step_approval),
            ("user override", self.step_user_override),
            ("tenant override", self.step_tenant_override),
            ("cohort bucketing", self.step_cohort_bucketing),
            ("stage map", self.step_stage_map),
            ("default", self.step_default),
        ]
        flag = self.registry.flags.get(key)
        if flag is not None:
            flag = flag.patched.get(self.context.get("env"), flag)
        trace = self.traces[key] = []
        for name, step in steps:
            answer = step(key) if flag is None else step(flag)
            trace.append([name, "decided" if answer else "pass"])
            if answer:
                self.results[key] = answer
                return

    def step_exists(self, flag: "Flag | str") -> Optional[dict]:
        if isinstance(flag, Flag):
            return None
        return {
            "flag_key": flag,
            "value": None,
            "variant_key": None,
            "is_enabled": False,
            "reason": "flag_invalid" if flag in self.registry.set_aside else "flag_not_found",
            "rule_id": None,
        }

    def step_halted(self, flag: Flag) -> Optional[dict]:
        if flag.stage in ("paused", "rolled_back"):
            return self.answer(flag, flag.stage, flag.default_value)
        return None

    def step_dependencies(self, flag: Flag) -> Optional[dict]:
        for key, variant in flag.dependencies:
            if not self.satisfied(key, variant):
                return {**self.answer(flag, "dep_unsatisfied", flag.default_value), "dependency": key}
        return None

    def step_approval(self, flag: Flag) -> Optional[dict]:
        if flag.requires_approval and not flag.last_approval_ref and not self.context.approvals.get(flag.key):
            return self.answer(flag, "approval_missing", flag.default_value)
        return None

    def step_user_override(self, flag: Flag) -> Optional[dict]:
        if self.context.get("kind") != "user":
            return None
        inline = self.context.inline["user"]
        if flag.key in inline and "user" in flag.allowed_scopes:
            return self.answer(flag, "user_override", inline[flag.key])
        if self.inline_tenant_override_applies(flag):
            return None  # it beats the stored rows of step 5 too
        return self.stored_override(flag, "user")

    def step_tenant_override(self, flag: Flag) -> Optional[dict]:
        if self.inline_tenant_override_applies(flag):
            return self.answer(flag, "tenant_override", self.context.inline["tenant"][flag.key])
        return self.stored_override(flag, "tenant")

    def inline_tenant_override_applies(self, flag: Flag) -> bool:
        has_tenant = self.context.get("tenant_id") is not None
        return has_tenant and flag.key in self.context.inline["tenant"] and "tenant" in flag.allowed_scopes

    def stored_override(self, flag: Flag, scope: str) -> Optional[dict]:
        context, applying = self.context, []
        for row in self.registry.overrides:
            if (row.flag_key, row.scope) != (flag.key, scope):
                continue
            if scope == "user" and row.user_id != context.get("user_id"):
                continue
            if row.tenant_id is not None and row.tenant_id != context.get("tenant_id"):
                continue
            if row.expires_at is not None and (context.now is None or context.now >= row.expires_at):
                continue
            applying.append(row)
        applying.sort(key=lambda row: row.tenant_id is None)  # a row that names the tenant comes first
        return self.answer(flag, scope + "_override", applying[0].value) if applying else None

    def step_cohort_bucketing(self, flag: Flag) -> Optional[dict]:
        if flag.stage != "staged":
            return None
        if self.in_cohort(flag):
            return self.gate_open(flag, "staged_in")
        unit = self.context.unit(flag.bucket_by)
        if unit is None:
            return self.answer(flag, "unit_missing", flag.default_value)
        if gate_is_open(flag.algorithm, flag.salt, unit, flag.pct):
            return self.gate_open(flag, "staged_in")
        return self.answer(flag, "staged_out", flag.default_value)

    def step_stage_map(self, flag: Flag) -> Optional[dict]:
        if flag.stage == "internal" and self.context.get("tier") in self.registry.internal_tiers:
            return self.gate_open(flag, "stage_internal")
        if flag.stage == "pilot" and self.in_cohort(flag):
            return self.gate_open(flag, "stage_pilot")
        if flag.stage == "full":
            return self.gate_open(flag, "stage_full")
        return None

    def step_default(self, flag: Flag) -> dict:
        return self.answer(flag, "default", flag.default_value)

    def in_cohort(self, flag: Flag) -> bool:
        return any(self.members[segment] for segment in flag.cohort)

    def gate_open(self, flag: Flag, reason: str) -> dict:
        """The first rule whose `when` is true gives the serve, else the flag does."""
        rule = next((rule for rule in flag.rules if self.holds(rule.when)), None)
        serve = rule.serve if rule else flag.serve
        rule_id = rule.id if rule else None
        if isinstance(serve, Split):
            unit = self.context.unit(serve.by)
            if unit is None:
                return self.answer(flag, "unit_missing", flag.default_value, rule_id=rule_id)
            serve = split_variant(flag.algorithm, serve.salt, unit, serve.parts)
        return self.answer(flag, reason, flag.variants[serve], variant_key=serve, rule_id=rule_id)

    def answer(self, flag: Flag, reason: str, value: Any, variant_key=None, rule_id=None) -> dict:
        """The result. A value that came without a variant has that of the smallest name that equals it."""
        if variant_key is None:
            # Python orders texts by code point, which is the order of their UTF-8 bytes
            variant_key = min((n for n, v in flag.variants.items() if equal(v, value)), default=None)
        return {
            "flag_key": flag.key,
            "value": value,
            "variant_key": variant_key,
            "is_enabled": value if flag.type == "boolean" else reason in ENABLED_REASONS,
            "reason": reason,
            "rule_id": rule_id,
        }


# ---------------------------------------------------------------------------------------------------------
# The library


class Registry(Definitions):
    """Definitions that can be asked."""

    def evaluate(self, flag_key: str, context: Any, trace: bool = False) -> dict:
        call = Call(self, Context(context, self))
        if flag_key in self.flags:
            call.evaluate(self.needed_for(flag_key))
        return call.result(flag_key, trace)

    def evaluate_all(self, context: Any, trace: bool = False) -> list:
        call = Call(self, Context(context, self))
        call.evaluate(list(self.order))
        return [call.result(key, trace) for key in [*self.flags, *self.set_aside]]

    def needed_for(self, flag_key: str) -> list:
        """The flag with all that it refers to, directly or not, each after all that it refers to."""
        needed, unvisited = set(), [("flag", flag_key)]
        while unvisited:
            what, key = unvisited.pop()
            if (what, key) not in needed:
                needed.add((what, key))
                entry = self.flags[key] if what == "flag" else self.segments[key]
                unvisited += [(what, key) for what, key, _ in entry.references]
        return sorted(needed, key=self.order.__getitem__)


# ---------------------------------------------------------------------------------------------------------


def main() -> None:
    """Answers lines {"registry": text (when it changes), "lenient": bool, "flag": key or null, "context": text, "trace": bool}."""
    registry, current = None, (None, False)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        text = current[0] if request.get("registry") is None else request["registry"]
        wanted = (text, request.get("lenient", False))
        if wanted != current:
            current = wanted
            try:
                registry = Registry(*wanted)
            except DefinitionsError:
                registry = None
        try:
            if registry is None:
                answer: dict = {"refused": "definitions"}
            elif request.get("flag") is None:
                answer = {"results": registry.evaluate_all(request["context"])}
            else:
                trace = request.get("trace", False)
                answer = {"result": registry.evaluate(request["flag"], request["context"], trace)}
        except ContextError:
            answer = {"refused": "context"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
