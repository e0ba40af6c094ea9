"""How the Python reference evaluator reads a registry document: sections 1, 2 and 4 of spec/evaluation.md.

Every error of the contract is found here, each by the code that section 9 gives it, but only one at a time:
enough to refuse a document (strict), or to set aside the flags and segments that have one (lenient). There are
no warnings here, and no sentences that say how to mend it.
"""

import json
import re
import sys
import unicodedata
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Optional

if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)  # versions and fractions of a second have as many digits as they like

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
MAX_FLAGS = 100_000
MAX_RULES = 1_000
MAX_NESTING = 64
MAX_STRING_BYTES = 64 * 1024
MAX_IN_LIST = 100_000
MAX_PATTERN_BYTES = 4 * 1024
WIDE = 16  # what something that takes in characters beyond ASCII counts
MAX_PATTERN_SIZE = 1024 * 1024 // 32  # 1 MiB, counted as section 9 says
MAX_REPEAT = 1_000


class DefinitionsError(Exception):
    """The registry document is refused."""


class Problem(Exception):
    """What is being read (a flag, a segment, an override row, a context …) has an error: its code."""


# ---------------------------------------------------------------------------------------------------------
# JSON, read exactly (sections 1 and 3; section 9, items 1 to 3)


def read_json(document: "str | bytes") -> Any:
    """Python's reader takes more than RFC 8259 allows; the hooks below refuse the rest."""
    try:
        if isinstance(document, str):
            document = document.encode("utf-8")  # refuses lone surrogates
        if len(document) > MAX_DOCUMENT_BYTES:
            raise Problem("document_too_large")
        text = document.decode("utf-8")
        if text.startswith("\ufeff"):
            raise Problem("byte_order_mark")
        value = json.loads(
            text,
            parse_int=json_number,
            parse_float=json_number,
            parse_constant=refuse_constant,
            object_pairs_hook=json_object,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # refuses lone surrogates written as \\ud800
        return value
    except ValueError as error:  # UnicodeError and JSONDecodeError are ValueErrors
        raise Problem("malformed_json") from error
    except RecursionError as error:  # deeper than Python reads at all: refused in both modes
        raise Problem("nesting_too_deep") from error


def json_number(text: str) -> "int | float":
    """An integer literal within i64 stays that integer, every other number is the nearest double."""
    if re.fullmatch(r"-?[0-9]{1,19}", text) and -(2**63) <= int(text) < 2**63:
        return int(text)
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number beyond the doubles")
    return number + 0.0  # -0.0 + 0.0 is 0.0


def refuse_constant(name: str) -> None:
    raise ValueError(name + " is not JSON")


def json_object(pairs: list) -> dict:
    if len(dict(pairs)) < len(pairs):
        raise Problem("duplicate_key")
    return dict(pairs)


def check_limits(value: Any, level: int) -> None:
    """The limits of nesting and of strings, object keys included. The document itself is level 1."""
    if isinstance(value, str):
        if len(value.encode("utf-8")) > MAX_STRING_BYTES:
            raise Problem("string_too_long")
    if isinstance(value, (list, dict)):
        if level > MAX_NESTING:
            raise Problem("nesting_too_deep")
        for inner in value:  # the elements of an array, the keys of an object
            check_limits(inner, level + 1)
    if isinstance(value, dict):
        for inner in value.values():
            check_limits(inner, level + 1)


# ---------------------------------------------------------------------------------------------------------
# Kinds of values, and equality


def kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):  # before number: Python's bool is an int
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "text", list: "array", dict: "object"}[type(value)]


def as_integer(value: Any) -> Optional[int]:
    """The i64 that a number is; 2.0 is 2. None when it is none."""
    if kind(value) == "number" and value == int(value) and -(2**63) <= value < 2**63:
        return int(value)
    return None


def equal(a: Any, b: Any) -> bool:
    """Numbers by exact value (Python compares int with float exactly), the rest deeply."""
    if kind(a) != kind(b):
        return False
    if kind(a) == "array":
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b))
    if kind(a) == "object":
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return a == b


def fold(value: Any) -> Any:
    """ASCII letters to lower case, in a text and in the texts of an array."""
    if kind(value) == "text":
        return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in value)
    if kind(value) == "array":
        return [fold(element) for element in value]
    return value


# Readers: each returns the value in the form wanted, or raises Problem. `null` means absent (section 1).


def an_object(value: Any) -> dict:
    if kind(value) != "object":
        raise Problem("wrong_type")
    return {key: inner for key, inner in value.items() if inner is not None}


def an_entry(value: Any) -> dict:
    """One of the flags, segments or override rows, each of which is judged by itself."""
    if value is None:
        raise Problem("null_in_array")
    return an_object(value)


def an_array(value: Any) -> list:
    if kind(value) != "array":
        raise Problem("wrong_type")
    if None in value:
        raise Problem("null_in_array")
    return value


def a_text(value: Any) -> str:
    if kind(value) != "text":
        raise Problem("wrong_type")
    return value


def a_boolean(value: Any) -> bool:
    if kind(value) != "boolean":
        raise Problem("wrong_type")
    return value


def a_number(value: Any) -> "int | float":
    if kind(value) != "number":
        raise Problem("wrong_type")
    return value


def an_integer(value: Any) -> int:
    if as_integer(value) is None:
        raise Problem("wrong_type")
    return as_integer(value)


def texts(value: Any) -> list:
    return [a_text(element) for element in an_array(value)]


def one_of(names: "list[str]", code: str):
    def read(value: Any) -> str:
        if a_text(value) not in names:
            raise Problem(code)
        return value

    return read


def a_name(value: Any) -> str:
    """The name of a variant, a rule or a segment."""
    if not 1 <= len(a_text(value)) <= 128 or any(unicodedata.category(c) == "Cc" for c in value):
        raise Problem("bad_name")
    return value


def required(fields: dict, key: str, read) -> Any:
    if key not in fields:
        raise Problem("missing_key")
    return read(fields[key])


def optional(fields: dict, key: str, read, default: Any) -> Any:
    return read(fields[key]) if key in fields else default


# ---------------------------------------------------------------------------------------------------------
# Versions and instants (section 4)

SEMVER_NUMBER = r"(0|[1-9][0-9]*)"
SEMVER_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
SEMVER = re.compile(
    rf"v?{SEMVER_NUMBER}\.{SEMVER_NUMBER}\.{SEMVER_NUMBER}"
    rf"(?:-({SEMVER_IDENTIFIER}(?:\.{SEMVER_IDENTIFIER})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def semver(text: str) -> Optional[tuple]:
    """((major, minor, patch), rank, pre-release): the tuples' order is the precedence. None if it is none."""
    match = SEMVER.fullmatch(text)
    if not match:
        return None
    numbers = (int(match[1]), int(match[2]), int(match[3]))
    if match[4] is None:
        return numbers, 1, ()  # a release comes after its pre-releases
    identifiers = match[4].split(".")
    return numbers, 0, tuple((0, int(i), "") if i.isdigit() else (1, 0, i) for i in identifiers)


def instant(value: Any) -> Optional[Fraction]:
    """Milliseconds since the epoch, exact. None if it is no instant."""
    if kind(value) == "number":
        return Fraction(value)
    match = RFC3339.fullmatch(value) if kind(value) == "text" else None
    if not match:
        return None
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    offset_hour, offset_minute = int(match[9] or 0), int(match[10] or 0)
    if hour > 23 or minute > 59 or second > 59 or offset_hour > 23 or offset_minute > 59:
        return None
    try:  # the calendar repeats every 400 years, of 146097 days; Python's has no year 0
        days = date(400 + year % 400, month, day).toordinal() + (year // 400 - 1) * 146097
    except ValueError:
        return None
    days -= date(1970, 1, 1).toordinal()
    offset = (offset_hour * 60 + offset_minute) * (-1 if match[8] == "-" else 1)
    seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second
    digits = match[7] or "0"
    return (seconds + Fraction(int(digits), 10 ** len(digits))) * 1000


# ---------------------------------------------------------------------------------------------------------
# Patterns (section 4). A pattern that was read is a tree of
#
#     ("chars", ranges)            one character whose code point lies in one of the ranges
#     ("assertion", "^ $ b or B")  nothing, at a place of that sort
#     ("sequence", nodes)          one after another
#     ("branches", nodes)          any one of them
#     ("repeat", node, low, high)  low to high times; high may be None
#
# Whether a form is lazy makes no difference to whether it is found.

PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
CLASSES = {
    "d": [(ord("0"), ord("9"))],
    "w": [(ord("0"), ord("9")), (ord("A"), ord("Z")), (ord("_"), ord("_")), (ord("a"), ord("z"))],
    "s": [(9, 13), (32, 32)],  # \t \n \v \f \r and the space
}


def complement(ranges: list) -> list:
    """All the code points that lie in none of the ranges."""
    rest, start = [], 0
    for first, last in sorted(ranges):
        if start < first:
            rest.append((start, first - 1))
        start = max(start, last + 1)
    return rest + [(start, 0x10FFFF)]


def class_escape(char: str) -> list:
    """What \\d \\w \\s \\D \\W \\S stand for."""
    return CLASSES[char] if char in CLASSES else complement(CLASSES[char.lower()])


def both_cases(ranges: list) -> list:
    """The ranges, and the other case of every ASCII letter in them."""
    folded = list(ranges)
    for first, last in ranges:
        for start, end, other in ((ord("a"), ord("z"), -32), (ord("A"), ord("Z"), 32)):
            if max(first, start) <= min(last, end):
                folded.append((max(first, start) + other, min(last, end) + other))
    return folded


class PatternReader:
    def __init__(self, pattern: str, ignore_case: bool):
        self.pattern, self.ignore_case, self.at, self.depth = pattern, ignore_case, 0, 0
        self.size = 0  # the compiled form so far, as section 9 counts it

    def read(self) -> tuple:
        if len(self.pattern.encode("utf-8")) > MAX_PATTERN_BYTES:
            raise Problem("pattern_too_long")
        node = self.branches()
        if self.at < len(self.pattern):  # a ")" too many
            raise Problem("bad_pattern")
        if self.size > MAX_PATTERN_SIZE:
            raise Problem("pattern_too_large")
        return node

    def next_is(self, expected: str) -> bool:
        return self.pattern.startswith(expected, self.at)

    def skip(self, expected: str) -> bool:
        is_next = self.next_is(expected)
        self.at += len(expected) if is_next else 0
        return is_next

    def take(self) -> str:
        if self.at == len(self.pattern):
            raise Problem("bad_pattern")
        self.at += 1
        return self.pattern[self.at - 1]

    def branches(self) -> tuple:
        nodes = [self.sequence()]
        while self.skip("|"):
            nodes.append(self.sequence())
        return "branches", nodes

    def sequence(self) -> tuple:
        nodes = []
        while self.at < len(self.pattern) and not self.next_is("|") and not self.next_is(")"):
            size = self.size
            nodes.append(self.repeated(self.atom(), size))
        return "sequence", nodes

    def repeated(self, node: tuple, before: int) -> tuple:
        """The node with the quantifier that follows it, if one does; `before` is the size without the node."""
        counted = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}").match(self.pattern, self.at)
        if counted:
            self.at = counted.end()
            low = int(counted[1])
            high = int(counted[3]) if counted[3] else None if counted[2] else low
        elif self.skip("?"):
            low, high = 0, 1
        elif self.skip("*"):
            low, high = 0, None
        elif self.skip("+"):
            low, high = 1, None
        else:
            return node
        if node[0] == "assertion" or low > MAX_REPEAT or (high is not None and not low <= high <= MAX_REPEAT):
            raise Problem("bad_pattern")
        self.size = before + (self.size - before) * max(low if high is None else high, 1)
        self.skip("?")  # lazy
        return "repeat", node, low, high  # where one more quantifier follows, `atom` refuses it

    def atom(self) -> tuple:
        char = self.take()
        if char not in "[(":  # these count what they hold
            self.size += WIDE if char == "." or ord(char) > 127 else 1
        if char in "^$":
            return "assertion", char
        if char == ".":
            return "chars", complement([(10, 10)])
        if char == "[":
            return "chars", self.char_class()
        if char == "(":
            return self.group()
        if char in "?*+{}]":  # nothing to quantify, or not escaped
            raise Problem("bad_pattern")
        if char != "\\":
            return "chars", self.folded([(ord(char), ord(char))])
        char = self.take()
        if char in "bB":
            return "assertion", char
        if char in "dwsDWS":
            self.size += WIDE - 1 if char in "DWS" else 0
            return "chars", class_escape(char)
        return "chars", self.folded([(self.escaped(char), self.escaped(char))])

    def group(self) -> tuple:
        self.depth += 1
        if self.depth > MAX_NESTING or (self.next_is("?") and not self.skip("?:")):
            raise Problem("bad_pattern")
        node = self.branches()
        if not self.skip(")"):
            raise Problem("bad_pattern")
        self.depth -= 1
        return node

    def escaped(self, char: str) -> int:
        if char in "nrt":
            return {"n": 10, "r": 13, "t": 9}[char]
        if char not in PUNCTUATION:
            raise Problem("bad_pattern")
        return ord(char)

    def char_class(self) -> list:
        is_negated = self.skip("^")
        if self.next_is("]"):
            raise Problem("bad_pattern")  # an empty class
        ranges = []
        self.size += WIDE if is_negated else 0
        while not self.skip("]"):
            first = self.class_member()
            if not self.next_is("-") or self.next_is("-]"):  # a "-" before the end is itself
                ranges += first
                self.size += WIDE if first[-1][1] > 127 else 1
                continue
            self.class_member()  # the "-"
            last = self.class_member()
            ranges.append(self.range_between(first, last))
            self.size += WIDE if ranges[-1][1] > 127 else 1
        ranges = self.folded(ranges)
        return complement(ranges) if is_negated else ranges

    def class_member(self) -> list:
        """The ranges that one character or escape in a class stands for."""
        if any(self.next_is(refused) for refused in ("[", "&&", "--", "~~")):
            raise Problem("bad_pattern")
        char = self.take()
        if char == "\\":
            char = self.take()
            if char in "dwsDWS":
                return class_escape(char)
            return [(self.escaped(char), self.escaped(char))]
        return [(ord(char), ord(char))]

    def range_between(self, first: list, last: list) -> tuple:
        for ranges in (first, last):
            if len(ranges) > 1 or ranges[0][0] < ranges[0][1]:  # not a character but a class such as \\d
                raise Problem("bad_pattern")
        if first > last:
            raise Problem("bad_pattern")
        return first[0][0], last[0][0]

    def folded(self, ranges: list) -> list:
        return both_cases(ranges) if self.ignore_case else ranges


# ---------------------------------------------------------------------------------------------------------
# Conditions (section 4). A condition that was read is an object with exactly its form's keys.

FORMS = ["all", "any", "not", "segment", "flag", "bucket", "attr"]
OPERATORS = [
    *("eq", "ne", "in", "not_in", "lt", "lte", "gt", "gte", "contains", "starts_with", "ends_with", "matches"),
    *("exists", "semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte", "semver_tilde"),
    *("semver_caret", "before", "after"),
]
MAY_IGNORE_CASE = ["eq", "ne", "in", "not_in", "contains", "starts_with", "ends_with", "matches"]


def read_condition(value: Any, references: list) -> dict:
    """Notes what the condition refers to in `references`: ("flag" or "segment", key, variant or None)."""
    fields = an_object(value)
    forms = [form for form in FORMS if form in fields]
    if len(forms) != 1:
        raise Problem("many_condition_forms" if forms else "no_condition_form")
    form = forms[0]
    if form in ("all", "any"):
        return {form: [read_condition(inner, references) for inner in an_array(fields[form])]}
    if form == "not":
        return {"not": read_condition(fields["not"], references)}
    if form == "segment":
        references.append(("segment", a_text(fields["segment"]), None))
        return {"segment": fields["segment"]}
    if form == "flag":
        references.append(read_dependency(fields))
        return {"flag": fields["flag"], "variant": fields.get("variant")}
    if form == "bucket":
        return {"bucket": read_bucket(fields["bucket"])}
    return read_attribute_condition(fields)


def read_dependency(value: Any) -> tuple:
    if kind(value) == "text":
        return "flag", value, None
    fields = an_object(value)
    return "flag", required(fields, "flag", a_text), optional(fields, "variant", a_text, None)


def read_bucket(value: Any) -> dict:
    fields = an_object(value)
    bucket = {
        "salt": required(fields, "salt", a_text),
        "by": optional(fields, "by", a_text, "user_id"),
        "from": required(fields, "from", an_integer),
        "to": required(fields, "to", an_integer),
    }
    if not 0 <= bucket["from"] < bucket["to"] <= 100_000:
        raise Problem("bucket_out_of_range")
    return bucket


def read_attribute_condition(fields: dict) -> dict:
    attribute = a_text(fields["attr"])
    op = required(fields, "op", one_of(OPERATORS, "unknown_operator"))
    if "ignore_case" in fields and op not in MAY_IGNORE_CASE:
        raise Problem("ignore_case_not_allowed")
    ignore_case = optional(fields, "ignore_case", a_boolean, False)
    if op == "exists" and "value" in fields:
        raise Problem("unexpected_value")
    value = None if op == "exists" else required(fields, "value", lambda v: read_operand(op, v, ignore_case))
    return {"attr": attribute, "op": op, "value": value, "ignore_case": ignore_case}


def read_operand(op: str, value: Any, ignore_case: bool) -> Any:
    """The value in the form in which `operator_holds` wants it."""
    if op in ("eq", "ne") and kind(value) in ("text", "number", "boolean"):
        return value
    if op in ("in", "not_in") and all(kind(element) in ("text", "number") for element in an_array(value)):
        if len(value) > MAX_IN_LIST:
            raise Problem("list_too_long")
        return value
    if op in ("lt", "lte", "gt", "gte"):
        return a_number(value)
    if op == "contains" and kind(value) in ("text", "number"):
        return value
    if op in ("starts_with", "ends_with"):
        return [value] if kind(value) == "text" else texts(value)
    if op == "matches":
        return PatternReader(a_text(value), ignore_case).read()
    if op.startswith("semver_"):
        if semver(a_text(value)) is None:
            raise Problem("bad_semver")
        return semver(value)
    if op in ("before", "after"):
        if kind(value) not in ("text", "number"):
            raise Problem("wrong_type")
        if instant(value) is None:
            raise Problem("bad_instant")
        return instant(value)
    raise Problem("wrong_type")


# ---------------------------------------------------------------------------------------------------------
# Flags, segments and override rows (sections 1, 2, 4 and 5)

ALGORITHMS = ["xxh64", "djb2-xor", "murmur3-x64-128"]
TYPES = ["boolean", "string", "integer", "double", "object"]
STAGES = ["draft", "internal", "pilot", "staged", "full", "paused", "rolled_back"]
SCOPES = ["global", "tenant", "user"]
AUDIT_KEYS = ["created_at", "created_by", "last_flipped_at", "last_flipped_by", "last_approval_ref"]
FLAG_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
PATCHABLE = [
    *("default_value", "serve", "rules", "rollout_stage", "rollout_pct", "cohort", "salt", "audit"),
    "paused_from",
]
UNPATCHABLE = [
    *("key", "type", "variants", "bucket_by", "algorithm", "dependencies", "requires_approval"),
    *("sensitive_flag", "approval_matrix_row", "allowed_scopes", "environments"),
]


@dataclass
class Split:
    parts: list  # of (variant, weight)
    by: str
    salt: str


@dataclass
class Rule:
    id: str
    when: dict
    serve: "str | Split"  # a variant's name, or a split


@dataclass
class Flag:
    key: str
    type: str
    default_value: Any
    variants: dict
    serve: "str | Split"
    rules: list
    stage: str
    pct: "int | float"
    cohort: list
    bucket_by: str
    salt: str
    algorithm: str
    dependencies: list  # of (key, variant or None)
    requires_approval: bool
    last_approval_ref: str
    allowed_scopes: list
    references: list  # all that the flag refers to, in its patches too
    patched: dict  # environment to the flag as it is there


@dataclass
class Segment:
    key: str
    included: list
    excluded: list
    by: str
    when: Optional[dict]
    references: list


@dataclass
class Override:
    id: str
    scope: str
    flag_key: str
    value: Any
    tenant_id: Optional[str]
    user_id: Optional[str]
    expires_at: Optional[Fraction]


def fit(value: Any, type_name: str) -> Any:
    """The value as a flag of that type answers it (section 2; section 9, item 4)."""
    if type_name == "boolean" and kind(value) == "boolean":
        return value
    if type_name == "string" and kind(value) == "text":
        return value
    if type_name == "integer" and as_integer(value) is not None:
        return as_integer(value)
    if type_name == "double" and kind(value) == "number":
        return float(value)
    if type_name == "object" and kind(value) in ("object", "array"):
        return value
    raise Problem("value_misfit")


def read_flag(fields: dict, default_algorithm: str, environments: list) -> Flag:
    """`fields` is a flag's object. A patched flag is read as a flag whose keys the patch has replaced."""
    key = required(fields, "key", a_text)
    if not FLAG_KEY.fullmatch(key):
        raise Problem("bad_key")
    type_name = optional(fields, "type", one_of(TYPES, "unknown_type"), "boolean")
    if type_name == "boolean":
        fields = {"variants": {"on": True, "off": False}, "serve": "on", **fields}
    variants = {
        a_name(name): fit(value, type_name) for name, value in required(fields, "variants", an_object).items()
    }
    salt = optional(fields, "salt", a_text, key)
    bucket_by = optional(fields, "bucket_by", a_text, "user_id")
    references: list = []

    def serve(value: Any) -> "str | Split":
        return read_serve(value, variants, bucket_by, salt)

    def rule(value: Any) -> Rule:
        rule_fields = an_object(value)
        when = required(rule_fields, "when", lambda v: read_condition(v, references))
        return Rule(required(rule_fields, "id", a_name), when, required(rule_fields, "serve", serve))

    rules = [rule(value) for value in optional(fields, "rules", an_array, [])]
    if len(rules) > MAX_RULES:
        raise Problem("too_many_rules")
    if len({rule.id for rule in rules}) < len(rules):
        raise Problem("duplicate_rule")
    pct = optional(fields, "rollout_pct", a_number, 0)
    if not 0 <= pct <= 100:
        raise Problem("percentage_out_of_range")
    cohort = optional(fields, "cohort", texts, [])
    references += [("segment", segment, None) for segment in cohort]
    dependencies = [read_dependency(value) for value in optional(fields, "dependencies", an_array, [])]
    references += dependencies
    audit = optional(fields, "audit", an_object, {})
    audit = {name: optional(audit, name, a_text, "") for name in AUDIT_KEYS}
    optional(fields, "sensitive_flag", a_boolean, False)
    optional(fields, "paused_from", one_of(STAGES, "unknown_stage"), None)
    scopes = optional(fields, "allowed_scopes", texts, SCOPES)
    if any(scope not in SCOPES for scope in scopes):
        raise Problem("unknown_scope")
    flag = Flag(
        key=key,
        type=type_name,
        default_value=required(fields, "default_value", lambda value: fit(value, type_name)),
        variants=variants,
        serve=required(fields, "serve", serve),
        rules=rules,
        stage=optional(fields, "rollout_stage", one_of(STAGES, "unknown_stage"), "draft"),
        pct=pct,
        cohort=cohort,
        bucket_by=bucket_by,
        salt=salt,
        algorithm=optional(fields, "algorithm", one_of(ALGORITHMS, "unknown_algorithm"), default_algorithm),
        dependencies=[(dependency, variant) for _, dependency, variant in dependencies],
        requires_approval=optional(fields, "requires_approval", a_boolean, False),
        last_approval_ref=audit["last_approval_ref"],
        allowed_scopes=scopes,
        references=references,
        patched={},
    )
    for environment, patch in optional(fields, "environments", an_object, {}).items():
        if environment not in environments:
            raise Problem("unknown_environment")
        patch = an_object(patch)
        if any(name in UNPATCHABLE for name in patch):
            raise Problem("unpatchable_key")
        base = {name: value for name, value in fields.items() if name != "environments"}
        replaced = {name: value for name, value in patch.items() if name in PATCHABLE}
        flag.patched[environment] = read_flag({**base, **replaced}, default_algorithm, environments)
        flag.references += flag.patched[environment].references
    return flag


def read_serve(value: Any, variants: dict, default_by: str, default_salt: str) -> "str | Split":
    variant = one_of(list(variants), "unknown_variant")
    if kind(value) == "text":
        return variant(value)
    fields = an_object(value)
    parts = []
    for part in required(fields, "split", an_array):
        part = an_object(part)
        parts.append((required(part, "variant", variant), required(part, "weight", a_weight)))
    if len({name for name, _ in parts}) < len(parts):
        raise Problem("duplicate_variant")
    total = sum(weight for _, weight in parts)
    if not 1 <= total < 2**32:
        raise Problem("weights_too_large" if total else "zero_weights")
    return Split(parts, optional(fields, "by", a_text, default_by), optional(fields, "salt", a_text, default_salt))


def a_weight(value: Any) -> int:
    if not 0 <= a_number(value) < 2**32 or as_integer(value) is None:
        raise Problem("bad_weight")
    return as_integer(value)


def read_segment(fields: dict) -> Segment:
    references: list = []
    return Segment(
        key=required(fields, "key", a_name),
        included=optional(fields, "included", texts, []),
        excluded=optional(fields, "excluded", texts, []),
        by=optional(fields, "by", a_text, "user_id"),
        when=optional(fields, "when", lambda value: read_condition(value, references), None),
        references=references,
    )


def read_override(fields: dict, flags: dict) -> Override:
    flag = flags.get(required(fields, "flag_key", a_text))
    if flag is None:
        raise Problem("unknown_flag")
    row = Override(
        id=required(fields, "id", a_text),
        scope=required(fields, "scope", one_of(["user", "tenant"], "unknown_scope")),
        flag_key=flag.key,
        value=required(fields, "value", lambda value: fit(value, flag.type)),
        tenant_id=optional(fields, "tenant_id", a_text, None),
        user_id=optional(fields, "user_id", a_text, None),
        expires_at=optional(fields, "expires_at", lambda value: instant(a_text(value)), None),
    )
    if "expires_at" in fields and row.expires_at is None:
        raise Problem("bad_instant")
    for key in ("approval_ref", "created_at", "created_by", "source", "rationale"):
        optional(fields, key, a_text, None)
    if row.tenant_id == "" or row.user_id == "":
        raise Problem("bad_override_target")
    if row.scope == "user" and row.user_id is None:
        raise Problem("bad_override_target")
    if row.scope == "tenant" and (row.tenant_id is None or row.user_id is not None):
        raise Problem("bad_override_target")
    if row.scope not in flag.allowed_scopes:
        raise Problem("scope_not_allowed")
    return row


# ---------------------------------------------------------------------------------------------------------
# The registry (section 1): strict refuses any error, lenient sets aside what has one


class Definitions:
    """All that evaluation reads: flags, segments, overrides, and an order in which to evaluate."""

    def __init__(self, document: "str | bytes", lenient: bool = False):
        self.lenient = lenient
        try:
            self.read(an_object(read_json(document)))
        except Problem as problem:  # an error that lies in no flag, segment or override row
            raise DefinitionsError(str(problem)) from problem

    def problem(self, problem: "Problem | str") -> None:
        """An error in a flag, a segment or an override row."""
        if not self.lenient:
            raise DefinitionsError(str(problem))

    def read(self, document: dict) -> None:
        for key, value in document.items():
            check_limits(key, 2)
            if key not in ("flags", "segments", "overrides"):  # the entries of these are checked one by one
                check_limits(value, 2)
        required(document, "schema_version", one_of(["1.0"], "bad_schema_version"))
        bucketing = optional(document, "bucketing", an_object, {})
        self.algorithm = optional(bucketing, "algorithm", one_of(ALGORITHMS, "unknown_algorithm"), "xxh64")
        self.internal_tiers = optional(document, "internal_tiers", texts, ["staff", "admin"])
        self.environments = optional(document, "environments", texts, ["prod", "staging", "dev"])

        arrays = {}
        for key in ("flags", "segments", "overrides"):
            if key in document and kind(document[key]) != "array":
                raise Problem("wrong_type")
            arrays[key] = document.get(key, [])
        required(document, "flags", lambda value: value)
        if len(arrays["flags"]) > MAX_FLAGS:
            raise Problem("too_many_flags")

        def flag_reader(fields: dict) -> Flag:
            return read_flag(fields, self.algorithm, self.environments)

        flags = self.read_keyed(arrays["flags"], flag_reader, "duplicate_flag")
        segments = self.read_keyed(arrays["segments"], read_segment, "duplicate_segment")
        self.check_references(flags, segments)
        self.order = self.sound(flags, segments)  # what is referred to comes before what refers to it
        self.flags = {key: flag for key, flag in flags.items() if ("flag", key) in self.order}
        self.segments = {key: segment for key, segment in segments.items() if ("segment", key) in self.order}
        self.set_aside = [key for key in flags if key not in self.flags]
        if len(self.order) < len(flags) + len(segments):
            self.problem("cycle")  # lenient: or something that refers to what has an error
        self.overrides = self.read_overrides(arrays["overrides"])

    def read_keyed(self, entries: list, read, duplicate: str) -> dict:
        """Key to flag or segment, in document order; to None where it has an error."""
        found: dict = {}
        for entry in entries:
            try:
                key = required(an_entry(entry), "key", a_text)
            except Problem as problem:
                self.problem(problem)  # lenient: an entry whose key cannot be read is dropped
                continue
            try:
                if key in found:
                    raise Problem(duplicate)  # lenient: neither of the two is served
                found[key] = None
                check_limits(entry, 3)
                found[key] = read(an_entry(entry))
            except Problem as problem:
                self.problem(problem)
                found[key] = None
        return found

    def check_references(self, flags: dict, segments: dict) -> None:
        for entries in (flags, segments):
            for own_key, entry in entries.items():
                try:
                    for what, key, variant in entry.references if entry else []:
                        target = (flags if what == "flag" else segments).get(key, "none")
                        if target == "none":
                            raise Problem("unknown_" + what)
                        if target and variant is not None and variant not in target.variants:
                            raise Problem("unknown_variant")
                except Problem as problem:
                    self.problem(problem)
                    entries[own_key] = None

    def sound(self, flags: dict, segments: dict) -> dict:
        """The flags and segments without trouble, each after all that it refers to (as an ordered set).

        A node is sound when everything it refers to is. So nothing becomes sound that is on a cycle, or that
        refers, however indirectly, to what is on one or has an error of its own.
        """
        nodes = {("segment", key): segment for key, segment in segments.items() if segment}
        nodes.update({("flag", key): flag for key, flag in flags.items() if flag})
        waits_for = {node: {(what, key) for what, key, _ in entry.references} for node, entry in nodes.items()}
        referrers: dict = {node: [] for node in nodes}
        for node, targets in waits_for.items():
            for target in targets:
                referrers.get(target, []).append(node)
        order: dict = {}
        ready = [node for node in nodes if not waits_for[node]]
        while ready:
            node = ready.pop()
            order[node] = len(order)
            for referrer in referrers[node]:
                waits_for[referrer].remove(node)
                if not waits_for[referrer]:
                    ready.append(referrer)
        return order

    def read_overrides(self, entries: list) -> list:
        rows, ids, targets = [], set(), set()
        for entry in entries:
            try:
                check_limits(entry, 3)
                row = read_override(an_entry(entry), self.flags)
                target = (row.flag_key, row.scope, row.user_id, row.tenant_id)
                if row.id in ids or target in targets:
                    raise Problem("duplicate_override")
                rows.append(row)
                ids.add(row.id)
                targets.add(target)
            except Problem as problem:
                self.problem(problem)  # lenient: a bad row is dropped, and takes no id and no target
        return rows
