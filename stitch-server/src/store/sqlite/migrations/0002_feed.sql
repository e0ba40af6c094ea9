-- What streams tell, by environment: numbers without a gap. Old ones are removed; the last one of each stays.
CREATE TABLE feed (
    env   TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    -- Of this and all before it, so that it shows how much lies between two.
    total INTEGER NOT NULL,
    -- A message of the protocol; null for a change that only a snapshot can tell.
    body  BLOB,
    PRIMARY KEY (env, seq)
) STRICT;
