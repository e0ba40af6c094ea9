//! The provider: the engine that serves, swapped whole, and the SDK's five questions.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use open_feature::provider::{FeatureProvider, ProviderMetadata, ResolutionDetails};
use open_feature::{EvaluationContext, EvaluationResult, StructValue, async_trait};
use stitch_core::Engine;

use crate::read::Read;
use crate::{context, outcome};

/// Evaluates flags in this process for an OpenFeature client.
///
/// Cloning shares the registry: give one clone to the SDK, which keeps it for itself, and [`swap`](Self::swap) through
/// the other. It never waits, holds no lock while it evaluates, and is always ready.
#[derive(Clone)]
pub struct StitchProvider {
    metadata: ProviderMetadata,
    engine: Arc<ArcSwap<Engine>>,
    clock: Clock,
}

/// Milliseconds since the epoch.
type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

impl StitchProvider {
    /// A provider that serves this registry, and the system's time to contexts that have no `now`.
    pub fn new(engine: impl Into<Arc<Engine>>) -> Self {
        Self {
            metadata: ProviderMetadata::new("stitch"),
            engine: Arc::new(ArcSwap::new(engine.into())),
            clock: Arc::new(system_time),
        }
    }

    /// The same with another clock, in milliseconds since the epoch: for tests, and for replaying.
    #[must_use]
    pub fn with_clock(self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// The registry that serves.
    pub fn engine(&self) -> Arc<Engine> {
        self.engine.load_full()
    }

    /// Serves another registry from now on, in all clones, and tells which flags really changed, in ascending order:
    /// those that were added or removed, and those of which anything changed that an answer can depend on, be it in a
    /// flag or segment that they refer to ([`Engine::changed_flags`]).
    ///
    /// This version of the SDK has no events for it to raise, so whoever swaps is told.
    pub fn swap(&self, engine: impl Into<Arc<Engine>>) -> Vec<String> {
        let engine = engine.into();
        let before = self.engine.swap(Arc::clone(&engine));
        engine.changed_flags(&before)
    }

    /// One question: nothing in here waits.
    fn resolve<T: Read>(&self, flag_key: &str, context: &EvaluationContext) -> EvaluationResult<ResolutionDetails<T>> {
        let engine = self.engine.load();
        let document = context::document(context, || (self.clock)())?;
        let evaluated = document.context();
        engine.check(&evaluated).map_err(|error| context::refused(&error, context))?;
        outcome::details(&engine.evaluate(flag_key, &evaluated), document.user_id.is_some())
    }
}

fn system_time() -> i64 {
    let milliseconds = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => milliseconds(since),
        Err(error) => -milliseconds(error.duration()),
    }
}

impl fmt::Debug for StitchProvider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = self.engine.load().flag_keys().count();
        formatter.debug_struct("StitchProvider").field("flags", &flags).finish_non_exhaustive()
    }
}

#[async_trait]
impl FeatureProvider for StitchProvider {
    fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    async fn resolve_bool_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<bool>> {
        self.resolve(flag_key, evaluation_context)
    }

    async fn resolve_int_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<i64>> {
        self.resolve(flag_key, evaluation_context)
    }

    async fn resolve_float_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<f64>> {
        self.resolve(flag_key, evaluation_context)
    }

    async fn resolve_string_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<String>> {
        self.resolve(flag_key, evaluation_context)
    }

    async fn resolve_struct_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<StructValue>> {
        self.resolve(flag_key, evaluation_context)
    }
}
