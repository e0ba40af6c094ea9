//! Stitch's flags through [OpenFeature](https://openfeature.dev): evaluated in this process, read through a client
//! that knows no vendor.
//!
//! ```
//! use open_feature::{EvaluationContext, EvaluationReason, FlagMetadataValue, OpenFeature};
//! use stitch_core::Engine;
//! use stitch_openfeature::StitchProvider;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let json = r#"{"schema_version": "1.0", "flags": [
//!     {"key": "new-checkout", "default_value": false, "rollout_stage": "internal"}]}"#;
//! let provider = StitchProvider::new(Engine::from_json(json)?);
//!
//! let mut api = OpenFeature::singleton_mut().await;
//! api.set_provider(provider.clone()).await;   // the clone kept here serves the same registry
//! let client = api.create_client();
//!
//! let context = EvaluationContext::default().with_targeting_key("U-1").with_custom_field("tier", "staff");
//! let details = client.get_bool_details("new-checkout", Some(&context), None).await.map_err(|error| error.code)?;
//! assert!(details.value);
//! assert_eq!(details.variant.as_deref(), Some("on"));
//! assert_eq!(details.reason, Some(EvaluationReason::TargetingMatch));
//! let reason = &details.flag_metadata.values["reason"];
//! assert_eq!(*reason, FlagMetadataValue::String("stage_internal".into()));
//!
//! let changed = provider.swap(Engine::from_json(&json.replace("internal", "full"))?);
//! assert_eq!(changed, ["new-checkout"]);
//! assert!(client.get_bool_value("new-checkout", None, None).await.map_err(|error| error.code)?);
//! # Ok(())
//! # }
//! ```
//!
//! `spec/openfeature.md` says how the contract's words become OpenFeature's, the same for every adapter of stitch.
//! In this SDK:
//!
//! * An error carries no metadata, so the contract's reason is then told by the error's code alone.
//! * A [`StructValue`](open_feature::StructValue) has no null and is no array: a null member is left out; a null within
//!   an array, and an `object` flag that serves an array, are a `TYPE_MISMATCH`.
//! * A context has no lists of its own. An array attribute is given as a structure that holds an array
//!   [`Value`](open_feature::Value) or a `Vec<String>`; any other structure refuses the context.
//! * There are no events: [`StitchProvider::swap`] returns the keys of the flags that changed.
//!
//! ```
//! use open_feature::{EvaluationContext, EvaluationContextFieldValue, Value};
//!
//! let plans = EvaluationContextFieldValue::new_struct(Value::from(vec!["pro", "trial"]));
//! let context = EvaluationContext::default().with_custom_field("plans", plans);
//! ```

#![expect(clippy::doc_markdown, reason = "OpenFeature is a name, not code")]

mod context;
mod outcome;
mod provider;
mod read;

pub use provider::StitchProvider;
