//! The definitions as one environment sees them: its patches laid into the flags, and nothing of any other environment.

use crate::compile::PATCHABLE;
use crate::definitions::Definitions;
use crate::json::key::Key;
use crate::json::{Json, Member};

impl<'a> Definitions<'a> {
    /// The definitions of one environment: every flag with that environment's patch laid into it and no other, and the
    /// environment as the only one listed. For a context of that environment they answer as the whole does; what
    /// concerns other environments alone is not in them.
    ///
    /// ```
    /// use stitch_core::Definitions;
    ///
    /// let definitions = Definitions::from_json(r#"{"schema_version": "1.0", "flags": [
    ///     {"key": "a", "default_value": false, "environments": {"prod": {"rollout_stage": "full"}, "dev": {"default_value": true}}}]}"#)?;
    /// assert_eq!(
    ///     definitions.for_environment("prod").document().to_string(),
    ///     r#"{"schema_version":"1.0","flags":[{"key":"a","default_value":false,"rollout_stage":"full"}],"environments":["prod"]}"#
    /// );
    /// # Ok::<(), stitch_core::DefinitionsError>(())
    /// ```
    #[must_use]
    pub fn for_environment(&self, environment: &str) -> Definitions<'a> {
        let document = match &self.document {
            Json::Object(members) => {
                let own = members.iter().filter(|(key, _)| key != "environments").map(|(key, value)| match value {
                    Json::Array(flags) if key == "flags" => {
                        let flags = flags.iter().map(|flag| flag.for_environment(environment)).collect();
                        (key.clone(), Json::Array(flags))
                    }
                    _ => (key.clone(), value.clone()),
                });
                let listed = Json::Array(vec![Json::from(environment.to_owned())]);
                Json::Object(own.chain([("environments".into(), listed)]).collect())
            }
            other => other.clone(),
        };
        Definitions { document, problems: self.problems.clone() }
    }
}

impl<'a> Json<'a> {
    /// A flag's definition as one environment sees it: see [`Definitions::for_environment`].
    #[must_use]
    pub fn for_environment(&self, environment: &str) -> Json<'a> {
        let Json::Object(members) = self else { return self.clone() };
        let patch = match self.get("environments").and_then(|patches| patches.get(environment)) {
            Some(Json::Object(patch)) => patch.as_slice(),
            _ => &[],
        };
        // `null` is as good as absent: it replaces nothing.
        let patch: Vec<&Member<'a>> =
            patch.iter().filter(|(key, value)| PATCHABLE.place(Key::of(key)).is_some() && !value.is_null()).collect();
        let own = members.iter().filter(|(key, _)| key != "environments");
        let kept = own.filter(|(key, _)| !patch.iter().any(|(patched, _)| patched == key));
        Json::Object(kept.chain(patch.iter().copied()).cloned().collect())
    }
}
