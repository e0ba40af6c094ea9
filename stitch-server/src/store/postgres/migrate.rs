//! The tables: made where there are none, and brought up to this version; forward only.

use tokio_postgres::Client;

use super::known;
use super::link::{Failed, Session};
use crate::chance;
use crate::store::StoreError;

/// In order; the number of those that were applied is `head.version`.
pub(super) const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_start.sql")];
/// One at a time in each schema, whatever name it has.
const LOCK: &str = "\
    SET LOCAL statement_timeout = '60s'; \
    SELECT pg_advisory_xact_lock(hashtextextended('stitch-server ' || current_schema(), 0))";

/// Brings the tables up to this version.
pub(super) async fn migrate(session: &mut Session) -> Result<(), Failed> {
    let transaction = session.client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    let version = version(transaction.client()).await?;
    if version > known() {
        return Err(newer(version).into());
    }
    let applied = usize::try_from(version).unwrap_or_default();
    for migration in MIGRATIONS.iter().skip(applied) {
        transaction.batch_execute(migration).await?;
    }
    if version == 0 {
        let history = chance::token(16).map_err(StoreError::from)?;
        let first = "INSERT INTO head (version, history, revision, audit, audit_hash) VALUES ($1, $2, 0, 0, '')";
        transaction.execute(first, &[&known(), &history]).await?;
    } else if version < known() {
        transaction.execute("UPDATE head SET version = $1", &[&known()]).await?;
    }
    Ok(transaction.commit().await?)
}

/// Of the tables in the schema that is used; 0 where there are none.
async fn version(client: &Client) -> Result<i32, Failed> {
    let found = client
        .query_one("SELECT current_schema(), to_regclass(quote_ident(current_schema()) || '.head') IS NOT NULL", &[]);
    let found = found.await?;
    if found.try_get::<_, Option<String>>(0)?.is_none() {
        let why = "it has no schema to make tables in: make the one that its `search_path` names";
        return Err(StoreError::Unusable(why.to_owned()).into());
    }
    if !found.try_get::<_, Option<bool>>(1)?.unwrap_or_default() {
        return Ok(0);
    }
    Ok(client.query_one("SELECT version FROM head", &[]).await?.try_get(0)?)
}

/// Refuses tables of another version than when they were opened: a program of another version may have been here since.
pub(super) fn check_version(version: i32) -> Result<(), StoreError> {
    match version.cmp(&known()) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(newer(version)),
        std::cmp::Ordering::Less => Err(StoreError::Unusable(format!(
            "its tables have version {version} and this program needs {}: start it anew, which migrates them",
            known()
        ))),
    }
}

fn newer(version: i32) -> StoreError {
    StoreError::Unusable(format!(
        "its tables have version {version} and this program knows {}: use a newer stitch-server",
        known()
    ))
}
