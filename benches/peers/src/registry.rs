//! The registry of the rows, as every engine's document is written from it: read from stitch's own, so that the flags
//! stand in one place.

use serde_json::{Value, json};

/// What is measured: the flags, and stitch's document of them.
#[derive(Debug)]
pub struct Registry {
    /// As stitch reads it.
    pub document: String,
    /// In the order of the document.
    pub flags: Vec<Flag>,
    /// Segments of listed ids.
    pub segments: Vec<Segment>,
}

/// A boolean flag.
#[derive(Debug)]
pub struct Flag {
    /// Its name.
    pub key: String,
    /// The share of the users that it is open to, in percent; all of them where there is none.
    pub staged: Option<f64>,
    /// Whether it is on where no rule matches.
    pub otherwise: bool,
    /// Each turns it on.
    pub rules: Vec<Rule>,
    /// The flags that it depends on.
    pub dependencies: Vec<String>,
}

/// Turns a flag on where every condition holds.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

/// What a rule asks.
#[derive(Debug)]
pub enum Condition {
    /// The attribute is that text.
    Is(String, String),
    /// The attribute is one of these texts.
    In(String, Vec<String>),
    /// The user is in that segment.
    Segment(String),
}

/// A list of ids with a name.
#[derive(Debug)]
pub struct Segment {
    /// Its name.
    pub key: String,
    /// Who is in it.
    pub included: Vec<String>,
}

/// Whether a registry says the same thing twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alike {
    /// As people write them: a few lists of countries, a few plans, rules that are numbered.
    Often,
    /// Nothing but the words of the format.
    Never,
}

impl Registry {
    /// Reads one of stitch's; it may hold nothing that no peer could be given.
    pub fn read(document: String) -> Self {
        let json: Value = serde_json::from_str(&document).expect("the registry is JSON");
        let flags = list(&json["flags"]).iter().map(read_flag).collect();
        let segments = list(&json["segments"]).iter();
        let segments = segments
            .map(|segment| Segment {
                key: text(&segment["key"]),
                included: list(&segment["included"]).iter().map(text).collect(),
            })
            .collect();
        Self { document, flags, segments }
    }

    /// A registry of this many flags, the rows' own among them.
    pub fn of(flags: usize) -> Self {
        let mut json: Value = serde_json::from_str(&benches::registry()).expect("the registry is JSON");
        json["flags"].as_array_mut().expect("its flags").truncate(flags);
        let registry = Self::read(json.to_string());
        assert_eq!(registry.flags.len(), flags);
        registry
    }

    /// A thousand flags of one to three rules.
    pub fn of_rules(alike: Alike) -> Self {
        let rule = |flag: usize, rule: usize| {
            let (id, country, plan) = match alike {
                Alike::Often => (format!("rule-{rule}"), "JP".to_owned(), format!("plan-{}", (flag + rule) % 7)),
                Alike::Never => {
                    (format!("rule-{flag}-{rule}"), format!("J{flag}{rule}"), format!("plan-{flag}-{rule}"))
                }
            };
            json!({"id": id, "serve": "on", "when": {"all": [
                {"attr": "country", "op": "in", "value": ["TH", "SG", country]},
                {"attr": "plan", "op": "eq", "value": plan}]}})
        };
        let flags = (0..1_000).map(|flag| {
            json!({"key": format!("team-{}.feature-{flag}", flag % 17), "default_value": false,
                "rollout_stage": "full", "serve": "off",
                "rules": (0..=flag % 3).map(|index| rule(flag, index)).collect::<Vec<_>>()})
        });
        Self::read(json!({"schema_version": "1.0", "flags": flags.collect::<Vec<_>>()}).to_string())
    }

    /// One flag, on for whoever is in a segment of these ids.
    pub fn of_segment(included: &[String]) -> Self {
        let flag = json!({"key": MEMBERS_ONLY, "default_value": false, "rollout_stage": "full", "serve": "off",
            "rules": [{"id": "members", "when": {"segment": "members"}, "serve": "on"}]});
        let segment = json!({"key": "members", "included": included});
        Self::read(json!({"schema_version": "1.0", "flags": [flag], "segments": [segment]}).to_string())
    }
}

/// The flag of [`Registry::of_segment`].
pub const MEMBERS_ONLY: &str = "members-only";

fn read_flag(flag: &Value) -> Flag {
    let staged = match flag["rollout_stage"].as_str() {
        Some("staged") => Some(flag["rollout_pct"].as_f64().expect("a percentage")),
        Some("full") => None,
        other => panic!("no peer is given the stage {other:?}"),
    };
    let rules = list(&flag["rules"]).iter().map(|rule| {
        assert_eq!(rule["serve"], "on", "a rule turns its flag on");
        Rule { id: text(&rule["id"]), conditions: read_conditions(&rule["when"]) }
    });
    let flag = Flag {
        key: text(&flag["key"]),
        staged,
        otherwise: flag["serve"] != "off",
        rules: rules.collect(),
        dependencies: list(&flag["dependencies"]).iter().map(text).collect(),
    };
    assert!(flag.staged.is_none() || flag.rules.is_empty(), "a staged flag has no rules");
    assert!(flag.rules.is_empty() || !flag.otherwise, "a flag with rules is off without them");
    flag
}

fn read_conditions(when: &Value) -> Vec<Condition> {
    if let Some(all) = when["all"].as_array() {
        return all.iter().flat_map(read_conditions).collect();
    }
    if when["segment"].is_string() {
        return vec![Condition::Segment(text(&when["segment"]))];
    }
    let attribute = text(&when["attr"]);
    vec![match when["op"].as_str() {
        Some("eq") => Condition::Is(attribute, text(&when["value"])),
        Some("in") => Condition::In(attribute, list(&when["value"]).iter().map(text).collect()),
        other => panic!("no peer is given the operator {other:?}"),
    }]
}

fn list(json: &Value) -> &[Value] {
    json.as_array().map_or(&[], Vec::as_slice)
}

fn text(json: &Value) -> String {
    json.as_str().expect("a text").to_owned()
}
