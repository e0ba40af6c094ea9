//! The parity gate: the nineteen cases of the contract, asked of this very binary's engine before it binds.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use stitch_core::{ContextDocument, DefinitionsError, Engine, Json};

const CASES: &str = include_str!("../../parity/contract.json");
/// How many there are: a file that lost its cases proves nothing.
const TOTAL: usize = 19;
/// What each case says of its result; `dependency` must be there exactly when the result has one.
const COMPARED: [&str; 6] = ["value", "variant_key", "is_enabled", "reason", "rule_id", "dependency"];

/// How many cases were asked, and how many were answered as the contract says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tally {
    /// Those answered as the contract says.
    pub passed: usize,
    /// All.
    pub total: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.passed, self.total)
    }
}

/// Why the server must not start.
#[derive(Debug)]
pub enum GateError {
    /// The cases themselves cannot be read.
    Unreadable(String),
    /// The engine answers differently.
    Differs {
        /// How many cases it still answers rightly.
        tally: Tally,
        /// The others.
        differences: Vec<Difference>,
    },
}

/// A case that is answered differently.
#[derive(Debug)]
pub struct Difference {
    /// Its name.
    pub case: String,
    /// What the contract says.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl fmt::Display for GateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(formatter, "the parity cases cannot be read: {why}"),
            Self::Differs { tally, differences } => {
                write!(formatter, "parity {tally}: this binary's engine does not answer as the contract says")?;
                for Difference { case, expected, got } in differences {
                    write!(formatter, "\n  case {case}\n    expected {expected}\n    got      {got}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for GateError {}

/// Runs the nineteen cases.
///
/// # Errors
///
/// If a single one is answered differently.
pub fn run() -> Result<Tally, GateError> {
    run_cases(CASES)
}

fn run_cases(text: &str) -> Result<Tally, GateError> {
    let unreadable = |error: DefinitionsError| GateError::Unreadable(error.to_string());
    let missing = |what: &str| GateError::Unreadable(format!("`{what}` is missing"));
    let document = Json::parse(text).map_err(unreadable)?;
    let registry = document.get("registry").ok_or_else(|| missing("registry"))?.to_string();
    let engine = Engine::from_json(&registry).map_err(unreadable)?;
    let Some(Json::Array(cases)) = document.get("cases") else { return Err(missing("cases")) };
    if cases.len() != TOTAL {
        return Err(GateError::Unreadable(format!("there are {} cases, not {TOTAL}", cases.len())));
    }
    let mut differences = Vec::new();
    for case in cases {
        let part = |key| case.get(key).ok_or_else(|| missing(key));
        let flag = part("flag")?.as_text().unwrap_or_default();
        let expected = part("expect")?;
        let got = answer(&engine, flag, part("context")?.clone())?;
        let got = Json::parse(&got).map_err(unreadable)?;
        if COMPARED.iter().any(|key| expected.get(key) != got.get(key)) {
            let case = part("name")?.as_text().unwrap_or_default().to_owned();
            differences.push(Difference { case, expected: compared(expected), got: compared(&got) });
        }
    }
    let tally = Tally { passed: TOTAL - differences.len(), total: TOTAL };
    if differences.is_empty() { Ok(tally) } else { Err(GateError::Differs { tally, differences }) }
}

/// The engine's answer, written and read as a client would see it.
fn answer(engine: &Engine, flag: &str, context: Json<'_>) -> Result<String, GateError> {
    let unreadable = |error: &dyn fmt::Display| GateError::Unreadable(error.to_string());
    let document = ContextDocument::from_document(context).map_err(|error| unreadable(&error))?;
    let context = document.context();
    engine.check(&context).map_err(|error| unreadable(&error))?;
    serde_json::to_string(&engine.evaluate(flag, &context)).map_err(|error| unreadable(&error))
}

/// The compared members alone, in one order, so that the two lines can be laid side by side.
fn compared(result: &Json<'_>) -> String {
    let member = |key: &'static str| result.get(key).map(|value| (key.into(), value.clone()));
    Json::Object(COMPARED.into_iter().filter_map(member).collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_passes() {
        assert_eq!(run().unwrap().to_string(), "19/19");
    }

    #[test]
    fn a_difference_names_the_case_what_was_expected_and_what_came() {
        let text = CASES.replacen("\"reason\": \"staged_in\"", "\"reason\": \"staged_out\"", 1);
        assert_ne!(text, CASES);
        let error = run_cases(&text).unwrap_err().to_string();
        assert!(error.contains("parity 18/19"), "{error}");
        assert!(error.contains("case 13 staged, in"), "{error}");
        assert!(
            error.contains(r#"expected {"value":true,"variant_key":"on","is_enabled":true,"reason":"staged_out"}"#)
        );
        assert!(error.contains(r#"got      {"value":true,"variant_key":"on","is_enabled":true,"reason":"staged_in"}"#));
    }

    #[test]
    fn a_lost_dependency_is_a_difference() {
        let text = CASES.replacen(", \"dependency\": \"draft-flag\"}", "}", 1);
        assert_ne!(text, CASES);
        assert!(run_cases(&text).unwrap_err().to_string().contains("case 04"));
    }

    #[test]
    fn fewer_cases_prove_nothing() {
        let error = run_cases(r#"{"registry": {"schema_version": "1.0", "flags": []}, "cases": []}"#).unwrap_err();
        assert!(error.to_string().contains("0 cases"));
    }
}
