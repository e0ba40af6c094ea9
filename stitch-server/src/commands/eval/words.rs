//! The nine steps of an evaluation, in words.

use stitch_core::{Explanation, Json, Reason, Step, TraceEntry};

use crate::commands::text::{count, printable};

/// The head of the table of steps.
pub(super) const STEPS: [&str; 4] = ["step", "name", "outcome", "detail"];

const ALL: [Step; 9] = [
    Step::Exists,
    Step::Halted,
    Step::Dependencies,
    Step::Approval,
    Step::UserOverride,
    Step::TenantOverride,
    Step::CohortBucketing,
    Step::StageMap,
    Step::Default,
];

/// The rows of that table: all nine, also those that were not reached.
pub(super) fn steps(explanation: &Explanation<'_>) -> Vec<Vec<String>> {
    let row = |step: Step| {
        let (outcome, detail) = match explanation.trace.iter().find(|entry| entry.step == step) {
            Some(entry) => (entry.outcome(), Entry { entry, explanation }.words()),
            None => ("not reached", String::new()),
        };
        vec![step.number().to_string(), step.as_str().to_owned(), outcome.to_owned(), detail]
    };
    ALL.into_iter().map(row).collect()
}

struct Entry<'e> {
    entry: &'e TraceEntry,
    explanation: &'e Explanation<'e>,
}

impl Entry<'_> {
    fn words(&self) -> String {
        match (self.entry.step, self.entry.decided) {
            (Step::Exists, false) => "there is such a flag".to_owned(),
            (Step::Exists, true) => "there is no such flag, or it has errors".to_owned(),
            (Step::Halted, _) => format!("the stage is {}", self.stage()),
            (Step::Dependencies, true) => {
                let dependency = self.explanation.evaluation.dependency.unwrap_or_default();
                format!("{} is not satisfied", printable(dependency, 128))
            }
            (Step::Dependencies, false) => "none is unsatisfied".to_owned(),
            (Step::Approval, true) => "required, and there is none".to_owned(),
            (Step::Approval, false) => match self.noted("required") {
                Some(Json::Boolean(true)) => "required, and there is one".to_owned(),
                _ => "not required".to_owned(),
            },
            (Step::UserOverride | Step::TenantOverride, false) => "none applies".to_owned(),
            (Step::UserOverride | Step::TenantOverride, true) => match self.noted("override").and_then(Json::as_text) {
                Some(id) => format!("the stored override {}", printable(id, 128)),
                None => "given with the request".to_owned(),
            },
            (Step::CohortBucketing, false) => "the stage is not staged".to_owned(),
            (Step::CohortBucketing, true) => self.rollout() + &self.gate(),
            (Step::StageMap, false) => self.closed().to_owned(),
            (Step::StageMap, true) => self.opened().to_owned() + &self.gate(),
            (Step::Default, _) => "the gate is closed: the default value".to_owned(),
        }
    }

    fn noted(&self, key: &str) -> Option<&Json<'static>> {
        self.entry.detail.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    fn integer(&self, key: &str) -> Option<i64> {
        number(self.noted(key))
    }

    fn stage(&self) -> &str {
        self.noted("stage").and_then(Json::as_text).unwrap_or_default()
    }

    /// How the staged rollout came out.
    fn rollout(&self) -> String {
        if self.noted("cohort").is_some() {
            return "in the cohort".to_owned();
        }
        match (self.integer("bucket"), self.integer("threshold"), self.integer("buckets")) {
            (Some(bucket), Some(threshold), Some(buckets)) => {
                let found = if bucket < threshold { "in" } else { "out" };
                format!("{found}: bucket {bucket} of {buckets}, those below {threshold} are in")
            }
            _ => "there is no unit to bucket by".to_owned(),
        }
    }

    fn closed(&self) -> &'static str {
        match self.stage() {
            "internal" => "the stage is internal, the tier is not",
            "pilot" => "the stage is pilot, the context is not in its cohort",
            _ => "the stage is draft, open to nobody",
        }
    }

    fn opened(&self) -> &'static str {
        match self.stage() {
            "internal" => "the stage is internal, and so is the tier",
            "pilot" => "the stage is pilot, the context is in its cohort",
            _ => "the stage is full, open to all",
        }
    }

    /// What was served behind the open gate: rules tried, and the bucket of a split.
    fn gate(&self) -> String {
        let tried = self.entry.detail.iter().filter(|(key, _)| *key == "rule").count();
        let evaluation = &self.explanation.evaluation;
        let rules = match (evaluation.rule_id, tried) {
            (Some(id), _) => format!("; {} tried, {} holds", count(tried, "rule"), printable(id, 128)),
            (None, 0) => String::new(),
            (None, _) => format!("; {} tried, none holds", count(tried, "rule")),
        };
        let split = self.noted("split");
        let (bucket, buckets) =
            (number(split.and_then(|split| split.get("bucket"))), number(split.and_then(|split| split.get("buckets"))));
        let opened =
            self.entry.step == Step::StageMap || self.noted("cohort").is_some() || self.noted("bucket").is_some();
        let split = match (bucket, buckets) {
            (Some(bucket), Some(buckets)) => format!("; the split's bucket is {bucket} of {buckets}"),
            _ if opened && evaluation.reason == Reason::UnitMissing => {
                "; the split has no unit to bucket by".to_owned()
            }
            _ => String::new(),
        };
        rules + &split
    }
}

fn number(json: Option<&Json<'_>>) -> Option<i64> {
    if let Some(Json::Number(number)) = json { number.as_integer() } else { None }
}
