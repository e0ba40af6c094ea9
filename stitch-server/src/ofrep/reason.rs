//! The contract's reasons in OpenFeature's words: the table of `spec/openfeature.md`, section 1.

use schemars::JsonSchema;
use serde::Serialize;
use stitch_core::Reason;

/// OpenFeature's codes of errors, as far as this server gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "OfrepErrorCode")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ErrorCode {
    FlagNotFound,
    ParseError,
    InvalidContext,
    TargetingKeyMissing,
    General,
}

/// OpenFeature's reason for an answer that has a value, or the error that the client gets instead of one.
///
/// `by_rule` says whether a rule gave the serve, `named` whether the context has a targeting key or a `user_id`.
pub(super) fn told(reason: Reason, by_rule: bool, named: bool) -> Result<&'static str, ErrorCode> {
    match reason {
        Reason::FlagNotFound => Err(ErrorCode::FlagNotFound),
        Reason::FlagInvalid => Err(ErrorCode::ParseError),
        Reason::UnitMissing if !named => Err(ErrorCode::TargetingKeyMissing),
        Reason::Paused | Reason::RolledBack => Ok("DISABLED"),
        Reason::DepUnsatisfied
        | Reason::ApprovalMissing
        | Reason::StagedOut
        | Reason::UnitMissing
        | Reason::Default => Ok("DEFAULT"),
        Reason::UserOverride | Reason::TenantOverride | Reason::StageInternal | Reason::StagePilot => {
            Ok("TARGETING_MATCH")
        }
        Reason::StagedIn | Reason::StageFull if by_rule => Ok("TARGETING_MATCH"),
        Reason::StagedIn => Ok("SPLIT"),
        Reason::StageFull => Ok("STATIC"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The words in backticks.
    fn words(cell: &str) -> Vec<&str> {
        cell.split('`').skip(1).step_by(2).collect()
    }

    /// What the page says of each reason: the words of its row's second column.
    fn page() -> BTreeMap<String, Vec<String>> {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/openfeature.md")).unwrap();
        let (_, section) = page.split_once("## 1.").unwrap();
        let (section, _) = section.split_once("## 2.").unwrap();
        let mut rows = BTreeMap::new();
        for line in section.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = line.split('|').collect();
            for reason in words(cells[1]) {
                let told = words(cells[2]).into_iter().map(str::to_owned).collect();
                assert!(rows.insert(reason.to_owned(), told).is_none(), "{reason} is there twice");
            }
        }
        rows
    }

    fn code(error: ErrorCode) -> String {
        serde_json::to_value(error).unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn the_table_is_that_of_the_page() {
        let page = page();
        assert_eq!(page.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let told = |by_rule, named| told(reason, by_rule, named).map_or_else(code, str::to_owned);
            let expected: Vec<&str> = page[reason.as_str()].iter().map(String::as_str).collect();
            match (reason, expected.as_slice()) {
                // "error `PARSE_ERROR` (`GENERAL` if the SDK lacks it)": OFREP has it.
                (Reason::FlagInvalid, [first, "GENERAL"]) => assert_eq!(told(false, true), *first),
                // "error `…` when the context has neither a targeting key nor a `user_id`, else `DEFAULT`".
                (Reason::UnitMissing, [error, "user_id", otherwise]) => {
                    assert_eq!([told(false, false), told(true, false)], [*error; 2]);
                    assert_eq!([told(false, true), told(true, true)], [*otherwise; 2]);
                }
                // "`TARGETING_MATCH` with a `rule_id`, else …".
                (Reason::StagedIn | Reason::StageFull, [by_rule, "rule_id", otherwise]) => {
                    assert_eq!([told(true, true), told(true, false)], [*by_rule; 2]);
                    assert_eq!([told(false, true), told(false, false)], [*otherwise; 2]);
                }
                (_, [only]) => {
                    for (by_rule, named) in [(false, false), (false, true), (true, false), (true, true)] {
                        assert_eq!(told(by_rule, named), *only, "{reason}");
                    }
                }
                (_, words) => panic!("the page says {words:?} of {reason}"),
            }
        }
    }
}
