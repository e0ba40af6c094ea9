//! Hints among servers that share a store: one that wrote tells the others to look, through Redis.
//!
//! A hint decides nothing: whoever hears one looks at the store at once instead of a little later. So one that is lost,
//! late, doubled or forged costs a look or a delay, and never an answer.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use serde::Serialize;
use serde_json::json;
use tokio::sync::{Notify, mpsc};

use crate::chance;
use crate::instant;
use crate::model::{Flag, Model, OverrideRow, Segment, Settings, SigningKey, Stored};
use crate::store::RowChange;

pub mod address;
mod redis;
mod wire;

pub use address::Address;
pub use redis::run;

/// The usual channel.
pub const CHANNEL: &str = "ptt.ff.invalidate";
/// Hints that wait to be told; while nobody can be told, more are dropped.
const WAITING: usize = 64;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Flags, segments, or what is said of all of them.
    FlagRegistry,
    /// Override rows of tenants.
    TenantOverride,
    /// Override rows of users.
    UserOverride,
    /// Anything else, or several of these.
    Global,
    /// What tokens are signed with.
    JwksRotation,
}

impl Kind {
    /// Of a write's rows, on what was there before.
    pub(crate) fn of(rows: &[RowChange], before: &Model) -> Self {
        let mut kinds = rows.iter().map(|row| Self::of_row(row, before));
        let first = kinds.next().unwrap_or(Self::Global);
        if kinds.all(|kind| kind == first) { first } else { Self::Global }
    }

    fn of_row(row: &RowChange, before: &Model) -> Self {
        let (kind, body) = match row {
            RowChange::Put(row) => (&row.kind, OverrideRow::read(&row.body).ok()),
            RowChange::Remove { kind, key } => (kind, before.overrides.get(key).map(|row| row.body.clone())),
        };
        let scope = body.as_ref().and_then(|row| row.0.get("scope")).and_then(stitch_core::Json::as_text);
        match (kind.as_str(), scope) {
            (Flag::KIND | Segment::KIND | Settings::KIND, _) => Self::FlagRegistry,
            (OverrideRow::KIND, Some("tenant")) => Self::TenantOverride,
            (OverrideRow::KIND, Some("user")) => Self::UserOverride,
            (SigningKey::KIND, _) => Self::JwksRotation,
            _ => Self::Global,
        }
    }
}

/// What a server hears and tells.
#[derive(Debug, Default)]
pub struct Hints {
    heard: Notify,
    tell: OnceLock<mpsc::Sender<String>>,
    away: ArcSwapOption<String>,
}

impl Hints {
    /// Waits for a hint; those that came meanwhile count as one.
    pub async fn heard(&self) {
        self.heard.notified().await;
    }

    /// Why none can be heard, while that is so.
    pub fn away(&self) -> Option<Arc<String>> {
        self.away.load_full()
    }

    /// Tells the others that something was written; where there is no Redis, nobody.
    pub(crate) fn tell(&self, kind: Kind, revision: u64) {
        let (Some(tell), Ok(message_id)) = (self.tell.get(), chance::token(16)) else { return };
        let ts = instant::text(instant::of_the_clock());
        let message = json!({"kind": kind, "ts": ts, "message_id": message_id, "revision": revision});
        // Where too many wait, the others look by themselves.
        let _ = tell.try_send(message.to_string());
    }

    /// Notes whether hints can be heard, and says so in the log: once when they no longer can, once when they can again.
    fn set_away(&self, away: Option<String>) {
        let before = self.away.swap(away.clone().map(Arc::new));
        match (before, away) {
            (None, Some(error)) => {
                tracing::warn!("{error}; what other servers write shows a little later, and it is tried again");
            }
            (Some(_), None) => tracing::info!("Redis is back"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Row;

    fn put(kind: &str, body: &str) -> RowChange {
        RowChange::Put(Row { kind: kind.to_owned(), key: "k".to_owned(), revision: 1, body: body.to_owned() })
    }

    #[test]
    fn the_kind_is_that_of_all_rows_or_the_widest() {
        let model = Model::default();
        let flag = || put("flag", r#"{"key": "k", "scope": "user"}"#);
        let user = || put("override", r#"{"scope": "user"}"#);
        let tenant = || put("override", r#"{"scope": "tenant"}"#);
        for (rows, kind) in [
            (vec![flag(), put("segment", "{}"), put("settings", "{}")], Kind::FlagRegistry),
            (vec![user(), user()], Kind::UserOverride),
            (vec![tenant()], Kind::TenantOverride),
            (vec![user(), tenant()], Kind::Global),
            (vec![flag(), user()], Kind::Global),
            (vec![put("sdk_key", "{}")], Kind::Global),
            (vec![put("signing_key", "{}")], Kind::JwksRotation),
            (vec![RowChange::Remove { kind: "flag".to_owned(), key: "k".to_owned() }], Kind::FlagRegistry),
            (vec![RowChange::Remove { kind: "override".to_owned(), key: "nowhere".to_owned() }], Kind::Global),
            (Vec::new(), Kind::Global),
        ] {
            assert_eq!(Kind::of(&rows, &model), kind, "{rows:?}");
        }
        assert_eq!(serde_json::to_string(&Kind::JwksRotation).unwrap(), "\"jwks_rotation\"");
    }
}
