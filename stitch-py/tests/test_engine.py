"""Engines and handles: reading definitions, asking, what is refused."""

from __future__ import annotations

import json
import pathlib
import pickle
from copy import copy, deepcopy
from typing import Any

import pytest

import stitch
from conftest import FLAGS, OBJECT, engine_of

TEXT = '{"schema_version": "1.0",\n "flags": [{"key": "a"}, {"key": "b", "default_value": true, "rollout_ptc": 1}]}'
DEFAULTS = {"bool": False, "string": "?", "integer": -1, "double": -1.5, "object": None}
READERS = list(DEFAULTS)


@pytest.mark.parametrize("read", [str, str.encode])
def test_definitions_are_text_or_bytes(read: Any) -> None:
    assert stitch.Engine.from_json(read('{"schema_version": "1.0", "flags": []}')).flag_keys() == []


@pytest.mark.parametrize("kind", [str, pathlib.Path])
def test_from_file(tmp_path: pathlib.Path, kind: Any) -> None:
    path = tmp_path / "registry.json"
    path.write_text('{"schema_version": "1.0", "flags": [{"key": "é"}]}', "utf-8")
    with pytest.raises(stitch.DefinitionsError, match="registry.json: the definitions are refused") as caught:
        stitch.Engine.from_file(kind(path))
    assert caught.value.source == str(path)
    assert stitch.Engine.from_file(kind(path), lenient=True).evaluate("é").reason == "flag_invalid"


def test_files_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        stitch.Engine.from_file(tmp_path / "absent.json")
    assert caught.value.filename == str(tmp_path / "absent.json")
    with pytest.raises(IsADirectoryError):
        stitch.Engine.from_file(tmp_path)


def test_bad_definitions_tell_everything() -> None:
    with pytest.raises(stitch.DefinitionsError) as caught:
        stitch.Engine.from_json(TEXT)
    assert isinstance(caught.value, ValueError)
    error, warning = caught.value.diagnostics
    assert (error.severity, error.code, error.pointer, error.line, error.column) == (
        "error",
        "missing_key",
        "/flags/0",
        2,
        12,
    )
    assert (warning.severity, warning.code, warning.pointer) == ("warning", "unknown_key", "/flags/1/rollout_ptc")
    assert "did you mean `rollout_pct`" in warning.message
    assert all(str(diagnostic) in str(caught.value) for diagnostic in (error, warning))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.diagnostics, again.source, str(again)) == (caught.value.diagnostics, None, str(caught.value))


def test_many_diagnostics_are_all_there_and_few_are_shown() -> None:
    flags = [{"key": f"f{number}"} for number in range(100)]
    with pytest.raises(stitch.DefinitionsError, match="and 80 more") as caught:
        stitch.Engine.from_json(json.dumps({"schema_version": "1.0", "flags": flags}))
    assert len(caught.value.diagnostics) == 100


@pytest.mark.parametrize("text", ["\ud800", b"\xff", b"\xef\xbb\xbf{}", "", '{"a": 1e400}', '{"a": NaN}'])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(stitch.DefinitionsError) as caught:
        stitch.Engine.from_json(text)
    assert caught.value.diagnostics[0].code in ("malformed_json", "byte_order_mark")


def test_lenient_sets_aside() -> None:
    engine = stitch.Engine.from_json(TEXT, lenient=True)
    assert engine.lenient
    assert engine.flag_keys() == ["b", "a"]
    assert engine.evaluate("a").reason == "flag_invalid"
    assert engine.flag("a").value_type is None
    assert engine.evaluate("b").value is True
    assert [diagnostic.code for diagnostic in engine.diagnostics] == ["missing_key", "unknown_key"]
    assert engine.diagnostics[0].line == 2


def test_what_an_engine_tells() -> None:
    engine = engine_of({"key": "a"}, {"key": "b"}, environments=["live", "test"])
    assert engine.flag_keys() == ["a", "b"]
    assert engine.environments == ["live", "test"]
    assert engine.diagnostics == []
    assert json.loads(engine.definitions)["environments"] == ["live", "test"]
    assert "a" in engine
    assert "c" not in engine
    assert repr(engine) == "<stitch.Engine: 2 flags, 0 segments>"


def test_engines_pickle_compare_and_hash() -> None:
    engine = engine_of({"key": "a"})
    lenient = stitch.Engine.from_json(engine.definitions, lenient=True)
    assert engine != lenient
    for one in (engine, lenient):
        again = pickle.loads(pickle.dumps(one))
        assert again == one
        assert hash(again) == hash(one)
        assert again.lenient is one.lenient
        assert again.evaluate("a") == one.evaluate("a")
        assert copy(one) is one
        assert deepcopy(one) is one
    assert engine != engine_of({"key": "b"})
    assert engine != "engine"


def test_nothing_can_be_set() -> None:
    engine = engine_of({"key": "a"})
    things: list[Any] = [engine, engine.flag("a"), stitch.Context("U-1"), engine.evaluate("a"), stitch.Holder(engine)]
    for thing in things:
        with pytest.raises(AttributeError):
            thing.kind = "other"
        with pytest.raises(TypeError):
            type("Sub", (type(thing),), {})


def test_values_have_the_types_of_their_flags(engine: stitch.Engine) -> None:
    values = {evaluation.flag_key: evaluation.value for evaluation in engine.evaluate_all()}
    assert type(values["full"]) is bool
    assert type(values["text"]) is str
    assert type(values["int"]) is int
    assert type(values["float"]) is float
    assert values["object"] == OBJECT
    assert list(values) == [flag["key"] for flag in FLAGS]


def test_objects_are_copies(engine: stitch.Engine) -> None:
    evaluation = engine.evaluate("object")
    evaluation.value["sizes"].clear()
    assert evaluation.value == OBJECT
    assert engine.object("object", default=None) == OBJECT


def test_evaluating_never_raises_for_the_flag(engine: stitch.Engine) -> None:
    assert engine.evaluate("nope").to_dict() == {
        "flag_key": "nope",
        "value": None,
        "variant_key": None,
        "is_enabled": False,
        "reason": "flag_not_found",
        "rule_id": None,
    }
    assert engine.evaluate("") == engine.flag("").evaluate()
    flag = engine.flag("nope")
    assert (flag.key, flag.value_type, flag.fingerprint) == ("nope", None, None)
    assert flag.explain().trace[0].outcome == "decided"
    assert flag.bool(None, True) is True
    assert engine.evaluate("needs-paused").dependency == "paused"


def test_a_context_or_its_fields(engine: stitch.Engine) -> None:
    context = stitch.Context("U-1", attributes={"country": "TH"}, now=0)
    who: list[tuple[Any, tuple[str, ...]]] = [(engine, ("text",)), (stitch.Holder(engine), ("text",))]
    for asked, key in [*who, (engine.flag("text"), ())]:
        fields: dict[str, Any] = {"user_id": "U-1", "attributes": {"country": "TH"}, "now": 0}
        assert asked.evaluate(*key, context) == asked.evaluate(*key, context=context) == asked.evaluate(*key, **fields)
        assert asked.explain(*key, context) == asked.explain(*key, **fields)
        assert (asked.string(*key, context, ""), asked.string(*key, None, "")) == ("new", "old")
        if key:
            assert asked.string(*key, default="", **fields) == "new"
            assert asked.string(*key, default="") == "old"
        assert asked.evaluate(*key, None) == asked.evaluate(*key) == asked.evaluate(*key, stitch.Context())
        with pytest.raises(TypeError, match="give a Context, or the fields of one, not both"):
            asked.evaluate(*key, context, user_id="U-1")
        with pytest.raises(TypeError, match="context: must be a stitch.Context .*, this is of type dict"):
            asked.evaluate(*key, fields)
        with pytest.raises(TypeError, match="unexpected keyword argument 'userid'"):
            asked.evaluate(*key, userid="U-1")
    assert engine.evaluate_all(context) == engine.evaluate_all(user_id="U-1", attributes={"country": "TH"}, now=0)


@pytest.mark.parametrize(
    ("reader", "key", "value", "default", "misfits"),
    [
        ("bool", "paused", True, False, [1, "true"]),
        ("string", "text", "old", "?", [b"?", 1]),
        ("integer", "int", 7, -1, [True, 1.0, "1"]),
        ("double", "float", 7.0, -1.5, [True, "1"]),
        ("object", "object", OBJECT, [], []),
    ],
)
def test_readers(engine: stitch.Engine, reader: str, key: str, value: Any, default: Any, misfits: list[Any]) -> None:
    context = stitch.Context("U-1")
    asked_type = engine.flag(key).value_type
    for name, asked in ((True, engine), (True, stitch.Holder(engine)), (False, engine.flag(key))):
        read = getattr(asked, reader)
        found = read(*([key] if name else []), context, default)
        assert found == value
        assert type(found) is type(value)
        if name:
            others = [other for other in engine.flag_keys() if engine.flag(other).value_type != asked_type]
            assert others
            for other in [*others, "nope"]:
                assert read(other, context, default) is default
        for misfit in misfits:
            with pytest.raises(TypeError, match=r"^default: must be an? \w+, this is of type \w+$"):
                read(*([key] if name else []), context, misfit)
        if reader != "object" or not name:
            with pytest.raises(TypeError, match="^default: is missing" if name else "argument: 'default'$"):
                read(*([key] if name else []), context)


def test_the_default_of_a_double_is_a_float(engine: stitch.Engine) -> None:
    assert type(engine.double("nope", default=1)) is float


@pytest.mark.parametrize("call", ["evaluate", "explain", "flag", *READERS])
def test_a_key_is_a_string(engine: stitch.Engine, call: str) -> None:
    with pytest.raises(TypeError, match="^flag_key: must be a str, this is of type int$"):
        getattr(engine, call)(5)
    with pytest.raises(ValueError, match="^flag_key: has a lone surrogate"):
        getattr(engine, call)("\ud800")


def test_arguments_are_named() -> None:
    for call, name in [
        (lambda: stitch.Engine.from_json(5), "definitions"),  # type: ignore[arg-type]
        (lambda: stitch.Engine.from_json("{}", lenient=1), "lenient"),  # type: ignore[arg-type]
        (lambda: stitch.Engine.from_file(5), "path"),  # type: ignore[arg-type]
        (lambda: stitch.Holder("x"), "engine"),  # type: ignore[arg-type]
        (lambda: stitch.Context.from_json(5), "document"),  # type: ignore[arg-type]
    ]:
        with pytest.raises(TypeError, match=f"^{name}: must be "):
            call()  # type: ignore[no-untyped-call]


def test_handles(engine: stitch.Engine) -> None:
    flag = engine.flag("full")
    assert (flag.key, flag.value_type) == ("full", "boolean")
    assert flag.engine is engine
    assert flag == engine.flag("full")
    assert hash(flag) == hash(engine.flag("full"))
    assert flag != engine.flag("paused")
    assert flag != engine_of({"key": "full"}).flag("full")
    assert repr(flag) == f"<stitch.Flag 'full' of {engine!r}>"
    again = pickle.loads(pickle.dumps(flag))
    assert again == flag
    assert again.bool(None, False) is True
    assert copy(flag) is flag
    assert deepcopy(flag) is flag
    match flag:
        case stitch.Flag("full"):
            pass
        case _:
            pytest.fail("a handle matches its key")


def test_a_handle_keeps_its_engine() -> None:
    flag = engine_of({"key": "a", "default_value": True}).flag("a")
    assert flag.bool(stitch.Context("U-1"), False) is True


@pytest.mark.parametrize("reader", READERS)
def test_a_handle_reads_with_a_context_made_before(engine: stitch.Engine, reader: str) -> None:
    read = getattr(engine.flag("full"), reader)
    with pytest.raises(TypeError, match="^context: must be a stitch.Context, this is of type dict$"):
        read({"user_id": "U-1"}, DEFAULTS[reader])
    with pytest.raises(
        TypeError, match="positional-only arguments passed as keyword arguments: 'context' and 'default'"
    ):
        read(context=None, default=DEFAULTS[reader])
    with pytest.raises(TypeError, match="unexpected keyword argument 'user_id'"):
        read(None, DEFAULTS[reader], user_id="U-1")


def test_fingerprints() -> None:
    flag = {"key": "a", "rollout_stage": "pilot", "cohort": ["s"]}
    before = engine_of(flag, segments=[{"key": "s", "included": ["ann"]}]).flag("a").fingerprint
    same = engine_of({**flag, "owner": "payments"}, segments=[{"key": "s", "included": ["ann"]}]).flag("a").fingerprint
    after = engine_of(flag, segments=[{"key": "s", "included": ["bob"]}]).flag("a").fingerprint
    assert before == same != after
