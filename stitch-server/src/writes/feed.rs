//! What streams tell of a write: for each environment that it changes, the difference between what was seen there
//! before and what is seen there now.

use std::collections::BTreeSet;

use prost::Message;
use stitch_sync::v1::{Definition, SyncResponse};

use crate::model::{Flag, Model, OverrideRow, Segment, Settings, Stored};
use crate::store::FeedRow;
use crate::sync::view;

/// The changes, each with the next number of its environment. Environments in which nothing looks different get none,
/// and neither do those for which there is no key yet: nobody has seen a number of theirs.
pub(super) fn changes(before: &Model, after: &Model) -> Vec<FeedRow> {
    let environments: BTreeSet<&str> = before.keys.values().map(|key| key.body.env.as_str()).collect();
    environments.into_iter().filter_map(|env| change(before, after, env)).collect()
}

fn change(before: &Model, after: &Model, env: &str) -> Option<FeedRow> {
    let settings = settings_of(after, env);
    let settings = (settings != settings_of(before, env)).then_some(settings);
    let flags = difference::<Flag>(before, after, &|flag| view::flag(&flag.0, env));
    let segments = difference::<Segment>(before, after, &|segment| segment.0.to_string());
    let overrides = difference::<OverrideRow>(before, after, &|row| row.0.to_string());
    let seq = before.feed.number(env) + 1;
    let (Some(flags), Some(segments), Some(overrides)) = (flags, segments, overrides) else {
        return Some(FeedRow { env: env.to_owned(), seq, body: None });
    };
    if settings.is_none() && [&flags, &segments, &overrides].into_iter().all(Difference::is_none) {
        return None;
    }
    let message = SyncResponse {
        history_id: before.head.history.clone(),
        sequence_number: seq,
        settings,
        flags: flags.put,
        segments: segments.put,
        overrides: overrides.put,
        removed_flags: flags.removed,
        removed_segments: segments.removed,
        removed_overrides: overrides.removed,
        ..SyncResponse::default()
    };
    Some(FeedRow { env: env.to_owned(), seq, body: Some(message.encode_to_vec()) })
}

fn settings_of(model: &Model, env: &str) -> String {
    view::settings(model.settings.get(Settings::KEY).map(|settings| &settings.body.0), env)
}

struct Difference {
    removed: Vec<String>,
    put: Vec<Definition>,
}

impl Difference {
    fn is_none(&self) -> bool {
        self.removed.is_empty() && self.put.is_empty()
    }
}

/// What to remove and what to put; nothing if that would lead to another order.
fn difference<T: Stored>(before: &Model, after: &Model, view: &dyn Fn(&T) -> String) -> Option<Difference> {
    let (before, after) = (T::among(before), T::among(after));
    if !before.keys().eq(after.keys()) {
        let stays = before.keys().filter(|key| after.contains_key(*key));
        let comes = after.keys().filter(|key| !before.contains_key(*key));
        if !stays.chain(comes).eq(after.keys()) {
            return None;
        }
    }
    let put = after.put_since(before).filter_map(|(key, old, object)| {
        let json = view(&object.body);
        let new = old.is_none_or(|old| view(&old.body) != json);
        new.then(|| Definition { key: key.to_owned(), json })
    });
    Some(Difference { removed: after.gone_since(before).map(str::to_owned).collect(), put: put.collect() })
}
