-- Where the store stands: one row. The last entry's hash is kept beside the log, so that a shortened log shows.
CREATE TABLE head (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    history    TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    audit      INTEGER NOT NULL,
    audit_hash TEXT NOT NULL
) STRICT;

-- Flags, segments, overrides, people, keys, …: the place says in which order they were first written.
CREATE TABLE rows (
    place    INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,
    key      TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body     TEXT NOT NULL,
    UNIQUE (kind, key)
) STRICT;

CREATE TABLE audit (
    seq  INTEGER PRIMARY KEY,
    flag TEXT,
    hash TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_flag ON audit (flag, seq) WHERE flag IS NOT NULL;

CREATE TABLE events (
    cursor       INTEGER PRIMARY KEY AUTOINCREMENT,
    env          TEXT NOT NULL,
    event_id     TEXT,
    metric_key   TEXT NOT NULL,
    context_type TEXT NOT NULL,
    context_key  TEXT NOT NULL,
    value        TEXT NOT NULL,
    timestamp    INTEGER NOT NULL,
    received_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_env ON events (env, cursor);
CREATE INDEX events_by_age ON events (received_at);

-- Remembered for a shorter time than the events themselves.
CREATE TABLE event_ids (
    env      TEXT NOT NULL,
    event_id TEXT NOT NULL,
    seen_at  INTEGER NOT NULL,
    PRIMARY KEY (env, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_ids_by_age ON event_ids (seen_at);
