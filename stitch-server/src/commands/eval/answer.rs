//! What the evaluations were, for people and for programs.

use serde::Serialize;
use stitch_core::{Context, Engine, Evaluation, Explanation};

use super::words::{STEPS, steps};
use crate::commands::table::table;
use crate::commands::text::printable;

/// Characters of a cell; the JSON form has all of a long value.
const CELL: usize = 60;

/// Those of the keys that the registry does not have, each as a sentence.
pub(super) fn unknown_flags(engine: &Engine, keys: &[String]) -> Vec<String> {
    keys.iter().filter(|key| engine.flag(key).is_none()).map(|key| unknown_flag(engine, key)).collect()
}

fn unknown_flag(engine: &Engine, key: &str) -> String {
    // No key is longer, and comparing would cost its length with that of every key.
    let keys = engine.flag_keys().filter(|_| key.len() <= 128);
    let nearest = keys.map(|other| (strsim::levenshtein(key, other), other)).min_by_key(|&(far, _)| far);
    let hint = match nearest {
        // Half of the key may be misspelt: somebody at a prompt would rather see a far guess than none.
        Some((distance, near)) if distance <= key.chars().count() / 2 => format!("did you mean `{near}`?"),
        _ => "leave --flag out to see all flags".to_owned(),
    };
    format!("there is no flag `{}`: {hint}", printable(key, CELL))
}

/// The flags of those keys, or all.
pub(super) fn evaluations<'a>(engine: &'a Engine, keys: &'a [String], context: &'a Context<'a>) -> Vec<Evaluation<'a>> {
    match keys {
        [] => engine.evaluate_all(context),
        keys => keys.iter().map(|key| engine.evaluate(key, context)).collect(),
    }
}

/// The same, explained.
pub(super) fn explanations<'a>(
    engine: &'a Engine,
    keys: &'a [String],
    context: &'a Context<'a>,
) -> Vec<Explanation<'a>> {
    match keys {
        [] => engine.flag_keys().map(|key| engine.explain(key, context)).collect(),
        keys => keys.iter().map(|key| engine.explain(key, context)).collect(),
    }
}

/// The one that was asked for, or an array.
pub(super) fn json(results: &[impl Serialize], keys: &[String]) -> String {
    let json = match (results, keys) {
        ([result], [_]) => serde_json::to_string(result),
        _ => serde_json::to_string(results),
    };
    json.unwrap_or_else(|error| unreachable!("the core's answers are JSON: {error}")) + "\n"
}

/// A table of all of them.
pub(super) fn text<'e>(evaluations: impl IntoIterator<Item = &'e Evaluation<'e>>) -> String {
    let rows: Vec<Vec<String>> = evaluations.into_iter().map(row).collect();
    table(&["flag", "value", "variant", "enabled", "reason", "rule", "dependency"], &rows)
}

fn row(evaluation: &Evaluation<'_>) -> Vec<String> {
    let or_none = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), |text| printable(text, CELL).into_owned());
    // As JSON, so that the text "true" and the boolean look different.
    let value = serde_json::to_string(&evaluation.value).unwrap_or_default();
    vec![
        evaluation.flag_key.to_owned(),
        printable(&value, CELL).into_owned(),
        or_none(evaluation.variant_key),
        if evaluation.is_enabled { "yes" } else { "no" }.to_owned(),
        evaluation.reason.to_string(),
        or_none(evaluation.rule_id),
        or_none(evaluation.dependency),
    ]
}

/// For each its row and a table of the nine steps.
pub(super) fn text_explained(explanations: &[Explanation<'_>]) -> String {
    let sections: Vec<String> = explanations
        .iter()
        .map(|explanation| format!("{}\n{}", text([&explanation.evaluation]), table(&STEPS, &steps(explanation))))
        .collect();
    sections.join("\n")
}
