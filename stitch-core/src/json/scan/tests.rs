//! Both readers read alike, whatever tree they make.

use bumpalo::Bump;

use super::super::Apart;
use super::super::node::Node;
use super::super::read::read;
use super::*;

/// What this reader makes of a text, held against the other one.
fn check(text: &str) -> bool {
    let arena = Bump::new();
    let scanned = scan(text.as_bytes(), limits::STRING_BYTES, &arena);
    let apart = scan(text.as_bytes(), limits::STRING_BYTES, Apart);
    let reading = read(text.as_bytes(), limits::STRING_BYTES);
    let sound = reading.json.as_ref().filter(|_| reading.problems.is_empty());
    assert_eq!(format!("{apart:?}"), format!("{sound:?}"), "{text}");
    match (scanned, reading.json.filter(|_| reading.problems.is_empty())) {
        (Some(node), Some(json)) => {
            let arena = Bump::new();
            assert_eq!(format!("{node:?}"), format!("{:?}", Node::of(&json, &arena)), "{text}");
            true
        }
        (None, None) => false,
        (scanned, read) => panic!("{text}: {scanned:?} is not {read:?}"),
    }
}

#[test]
fn sound_texts_are_read_alike() {
    let numbers = "0 -0 0.0 -0.0 1 -1 10 123456789012345678 1234567890123456789 9223372036854775807 \
                   -9223372036854775808 9223372036854775808 18446744073709551616 1.5 1e3 -2.5E-3 1e308 5e-324 \
                   0.1234567890123456789 9007199254740993.0";
    for number in numbers.split_whitespace() {
        assert!(check(number), "{number}");
        assert!(check(&format!("[{number},{{\"a\" : {number} }}]")), "{number}");
    }
    let strings =
        ["", "a", "abcdefg", "abcdefgh", "ü", "ab\u{7f}üßẞ\u{10ffff}", "\\n", "abcdefgh\\\\", "\\\"", "\\u00e4"];
    for string in strings.into_iter().chain(["abcdefgh\\ud83d\\ude00x", " !#$[]{}:,"]) {
        assert!(check(&format!("\"{string}\"")), "{string}");
        assert!(check(&format!(" {{ \"{string}\" : [ \"{string}\" , null, true,false ] }}\r\n\t")), "{string}");
    }
    let many: Vec<String> = (0..40).map(|index| format!("\"k{index}\": [{index}, []]")).collect();
    assert!(check(&format!("{{{}}}", many.join(","))));
    assert!(check(&format!("{}{}", "[".repeat(limits::NESTING), "]".repeat(limits::NESTING))));
    assert!(check(&format!("\"{}\"", "x".repeat(limits::STRING_BYTES))));
}

#[test]
fn unsound_texts_are_left_to_the_other_reader() {
    let twice: Vec<String> = (0..40).map(|index| format!("\"k{}\": 1", index % 39)).collect();
    let texts = [
        "",
        " ",
        "{",
        "[",
        "\"",
        "\"a",
        "\"a\\",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\u{1}\"",
        "\"abcdefgh\n\"",
        "tru",
        "truee",
        "nul",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e400",
        "-1e999",
        "--1",
        "1 2",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":1}",
        "[1}",
        "{\"a\":1]",
        "\u{feff}1",
        "]",
        "NaN",
    ];
    for text in texts {
        assert!(!check(text), "{text}");
    }
    assert!(!check(&format!("{{{}}}", twice.join(","))));
    assert!(!check(&format!("{}{}", "[".repeat(limits::NESTING + 1), "]".repeat(limits::NESTING + 1))));
    assert!(!check(&format!("\"{}\"", "x".repeat(limits::STRING_BYTES + 1))));
}

#[test]
fn what_is_broken_at_any_place_is_read_alike() {
    let text = r#" {"key": "a\u0062c", "n": [0, -12.50e+1, 123456789012345678], "t": true, "o": {"x": null, "ü": "plain text"}} "#;
    assert!(check(text));
    let others = ["\"", "\\", "{", "}", "[", "]", ",", ":", "0", "9", "-", "e", ".", " ", "\n", "\u{1}", "t", "ü", ""];
    for (index, character) in text.char_indices() {
        for other in others {
            check(&format!("{}{other}{}", &text[..index], &text[index + character.len_utf8()..]));
            check(&format!("{}{other}{}", &text[..index], &text[index..]));
        }
        check(&text[..index]);
    }
}

#[test]
fn an_object_knows_how_it_was_written() {
    let arena = Bump::new();
    let text = r#" {"a": [{"b": 1}, {"c": [] } ] ,"d":{}}"#;
    let Some(Node::Object(object)) = scan(text.as_bytes(), limits::STRING_BYTES, &arena) else { panic!("an object") };
    assert_eq!(object.written, text.trim().as_bytes());
    let [(_, Node::Array([Node::Object(b), Node::Object(c)])), (_, Node::Object(d))] = object.members else {
        panic!("two members")
    };
    assert_eq!([b, c, d].map(|object| object.written), [br#"{"b": 1}"#.as_slice(), br#"{"c": [] }"#, b"{}"]);
}

/// Texts so long that what was read is remembered, of objects that come again or nearly.
mod again {
    use proptest::prelude::*;

    use super::*;

    /// Objects whose beginnings, ends and lengths are like one another's.
    fn object() -> impl Strategy<Value = String> {
        let value =
            prop_oneof![Just("\"TH\""), Just("\"TH\" "), Just("1"), Just("1.0"), Just("[\"a\", \"b\"]"), Just("null")];
        let leaf = (0..3_u8, value, 0..3_u8).prop_map(|(attribute, value, end)| {
            format!("{{\"attr\": \"country-{attribute}\", \"value\": {value}, \"op\": \"equals-{end}\"}}")
        });
        leaf.prop_recursive(3, 12, 3, |inner| {
            (prop::collection::vec(inner, 1..3), 0..2_u8).prop_map(|(inner, word)| {
                format!("{{\"{}\": [{}]}}", ["all", "any"][usize::from(word)], inner.join(","))
            })
        })
    }

    proptest! {
        #[test]
        fn what_comes_again_is_read_alike(
            objects in prop::collection::vec(object(), 1..12),
            order in prop::collection::vec((any::<prop::sample::Index>(), 0..3_usize), 150..200),
            broken in any::<prop::sample::Index>(),
        ) {
            let items = order.iter().map(|(index, deep)| {
                format!("{}{{\"when\": {}}}{}", "[".repeat(*deep), index.get(&objects), "]".repeat(*deep))
            });
            let text = format!("{{\"rules\": [{}]}}", items.collect::<Vec<_>>().join(",\n"));
            prop_assert!(text.len() > 4_096);
            prop_assert!(check(&text));
            let (before, after) = text.split_at(broken.index(text.len()));
            check(&format!("{before}x{after}"));
            check(&format!("{before}{}", &after[1..]));
        }
    }

    #[test]
    fn the_same_is_the_same_and_what_lies_too_deep_is_not() {
        let condition = r#"{"attr": "country", "op": "eq", "value": "TH"}"#;
        let arena = Bump::new();
        let text = format!("[{}]", [condition; 100].join(","));
        let Some(Node::Array([Node::Object(first), others @ ..])) = scan(text.as_bytes(), usize::MAX, &arena) else {
            panic!("it is an array of objects")
        };
        assert!(others.iter().all(|other| matches!(other, Node::Object(other) if std::ptr::eq(*first, *other))));

        let deep = format!("{}{condition}{}", "{\"all\": [".repeat(20), "]}".repeat(20));
        let below = |lists: usize| format!("[{deep},{}{deep}{}]", "[".repeat(lists), "]".repeat(lists));
        let padded = |lists: usize| format!("[{},\"{}\"]", below(lists), "x".repeat(5_000));
        let room = limits::NESTING - 2 - 41;
        assert!(check(&padded(room)));
        assert!(!check(&padded(room + 1)));
    }
}
