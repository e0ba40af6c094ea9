//! Swapping the registry, and what it tells.

use std::sync::Arc;

use open_feature::OpenFeature;
use open_feature::provider::{FeatureProvider, ProviderStatus};
use stitch_openfeature::StitchProvider;

use crate::{client_of, registry};

const FLAGS: &str = r#"[
    {"key": "z", "default_value": false, "rollout_stage": "full"},
    {"key": "a", "default_value": false, "rollout_stage": "full", "dependencies": ["z"]},
    {"key": "m", "default_value": false, "rollout_stage": "pilot", "cohort": ["crew"]},
    {"key": "n", "default_value": false}]"#;
const SEGMENTS: &str = r#"[{"key": "crew", "when": {"segment": "inner"}}, {"key": "inner", "included": ["ann"]}]"#;

/// What a swap tells when this is written in place of that.
fn changed(old: &str, new: &str) -> Vec<String> {
    assert_eq!(format!("{FLAGS}{SEGMENTS}").matches(old).count(), 1, "{old}");
    let provider = StitchProvider::new(registry(FLAGS, SEGMENTS));
    provider.swap(registry(&FLAGS.replace(old, new), &SEGMENTS.replace(old, new)))
}

#[test]
fn the_same_again_changes_nothing() {
    let provider = StitchProvider::new(registry(FLAGS, SEGMENTS));
    assert_eq!(provider.swap(registry(FLAGS, SEGMENTS)), [""; 0]);
    assert_eq!(provider.swap(provider.engine()), [""; 0]);
}

#[test]
fn what_refers_to_a_change_has_changed() {
    assert_eq!(changed(r#""z", "default_value": false"#, r#""z", "default_value": true"#), ["a", "z"]);
    assert_eq!(changed(r#"["z"]"#, "[]"), ["a"]);
    assert_eq!(changed(r#"["ann"]"#, r#"["bob"]"#), ["m"]);
}

#[test]
fn new_and_lost_flags_have_changed() {
    assert_eq!(changed(r#""n""#, r#""b""#), ["b", "n"]);
}

#[test]
fn metadata_and_order_change_nothing() {
    assert_eq!(changed(r#"{"key": "n","#, r#"{"key": "n", "owner": "payments","#), [""; 0]);
    assert_eq!(changed(r#""key": "n", "default_value": false"#, r#""default_value": false, "key": "n""#), [""; 0]);
}

#[tokio::test]
async fn clients_read_the_new_registry() {
    let provider = StitchProvider::new(registry(FLAGS, SEGMENTS));
    let client = client_of(provider.clone()).await;
    assert_eq!(client.get_bool_value("n", None, None).await, Ok(false));
    let opened =
        FLAGS.replace(r#""n", "default_value": false"#, r#""n", "default_value": false, "rollout_stage": "full""#);
    assert_eq!(provider.swap(registry(&opened, SEGMENTS)), ["n"]);
    assert_eq!(client.get_bool_value("n", None, None).await, Ok(true));
}

#[test]
fn swaps_at_the_same_time_each_tell_what_they_replaced() {
    let engines =
        [FLAGS.to_owned(), FLAGS.replace(r#""n""#, r#""b""#)].map(|flags| Arc::new(registry(&flags, SEGMENTS)));
    let provider = StitchProvider::new(Arc::clone(&engines[0]));
    let told: usize = std::thread::scope(|scope| {
        let swap = |engine: &Arc<_>| (0..1000).filter(|_| !provider.swap(Arc::clone(engine)).is_empty()).count();
        let threads = engines.each_ref().map(|engine| scope.spawn(move || swap(engine)));
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    // From the first registry back and forth: an even number of changes leads back to it, an odd one does not.
    assert_eq!(told.is_multiple_of(2), Arc::ptr_eq(&provider.engine(), &engines[0]));
}

#[tokio::test]
async fn it_is_ready_at_once_and_has_a_name() {
    let provider = StitchProvider::new(registry(FLAGS, SEGMENTS));
    assert_eq!(provider.status(), ProviderStatus::Ready);
    assert_eq!(format!("{provider:?}"), "StitchProvider { flags: 4, .. }");
    let mut api = OpenFeature::default();
    api.set_named_provider("checkout", provider).await;
    assert_eq!(api.named_provider_metadata("checkout").await.expect("it is there").name, "stitch");
}
