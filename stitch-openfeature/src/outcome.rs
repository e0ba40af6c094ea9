//! What the core answers, in OpenFeature's words: section 1 of `spec/openfeature.md`.

use open_feature::provider::ResolutionDetails;
use open_feature::{EvaluationError, EvaluationErrorCode, EvaluationReason, EvaluationResult, FlagMetadata};
use stitch_core::{Evaluation, Reason};

use crate::read::Read;

/// The answer as a client that asks for a `T` reads it.
pub(crate) fn details<T: Read>(
    evaluation: &Evaluation<'_>,
    has_user_id: bool,
) -> EvaluationResult<ResolutionDetails<T>> {
    let key = evaluation.flag_key;
    let reason = reason(evaluation, has_user_id)?;
    let value = evaluation.value.and_then(T::read).ok_or_else(|| {
        let message = format!("the value of flag `{key}` cannot be read as {} without loss", T::WORD);
        error(EvaluationErrorCode::TypeMismatch, message)
    })?;
    Ok(ResolutionDetails {
        value,
        variant: evaluation.variant_key.map(str::to_owned),
        reason: Some(reason),
        flag_metadata: Some(metadata(evaluation)),
    })
}

fn reason(evaluation: &Evaluation<'_>, has_user_id: bool) -> EvaluationResult<EvaluationReason> {
    let key = evaluation.flag_key;
    let by_rule_or = |reason| if evaluation.rule_id.is_some() { EvaluationReason::TargetingMatch } else { reason };
    match evaluation.reason {
        Reason::FlagNotFound => Err(error(EvaluationErrorCode::FlagNotFound, format!("there is no flag `{key}`"))),
        Reason::FlagInvalid => {
            let message = format!("the definition of flag `{key}`, or of what it refers to, has an error");
            Err(error(EvaluationErrorCode::ParseError, message))
        }
        Reason::UnitMissing if !has_user_id => {
            let message = format!("flag `{key}` has nothing to bucket by: give the context a targeting key");
            Err(error(EvaluationErrorCode::TargetingKeyMissing, message))
        }
        Reason::Paused | Reason::RolledBack => Ok(EvaluationReason::Disabled),
        Reason::DepUnsatisfied
        | Reason::ApprovalMissing
        | Reason::StagedOut
        | Reason::UnitMissing
        | Reason::Default => Ok(EvaluationReason::Default),
        Reason::UserOverride | Reason::TenantOverride | Reason::StageInternal | Reason::StagePilot => {
            Ok(EvaluationReason::TargetingMatch)
        }
        Reason::StagedIn => Ok(by_rule_or(EvaluationReason::Split)),
        Reason::StageFull => Ok(by_rule_or(EvaluationReason::Static)),
    }
}

fn metadata(evaluation: &Evaluation<'_>) -> FlagMetadata {
    let mut metadata = FlagMetadata::default().with_value("reason", evaluation.reason.as_str());
    for (key, value) in [("rule_id", evaluation.rule_id), ("dependency", evaluation.dependency)] {
        if let Some(value) = value {
            metadata.add_value(key, value);
        }
    }
    metadata
}

pub(crate) fn error(code: EvaluationErrorCode, message: String) -> EvaluationError {
    EvaluationError { code, message: Some(message) }
}
