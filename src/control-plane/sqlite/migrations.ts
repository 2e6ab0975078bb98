/**
 * The migrations, from an empty database to this version's schema. Never change one that has been released: add another at the end.
 * `PRAGMA user_version` is the number of migrations that a file has run.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE connections (
    id TEXT NOT NULL PRIMARY KEY,
    region TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'CONNECTED', 'REJECTED')),
    environment_name TEXT NOT NULL,
    management_account_id TEXT NOT NULL,
    environment_account_id TEXT NOT NULL,
    role_arn TEXT,
    component_role_arn TEXT,
    codebuild_role_arn TEXT,
    requested_at INTEGER NOT NULL,
    last_modified_at INTEGER NOT NULL,
    tags TEXT NOT NULL CHECK (json_type(tags) = 'array')
  ) STRICT, WITHOUT ROWID;

  -- Lists run from the newest request to the oldest: of all connections, an account in either role, a name, a status.
  CREATE INDEX connections_by_request ON connections (requested_at, id);
  CREATE INDEX connections_by_management_account ON connections (management_account_id, requested_at, id);
  CREATE INDEX connections_by_environment_account ON connections (environment_account_id, requested_at, id);
  CREATE INDEX connections_by_environment_name ON connections (environment_name, requested_at, id);
  CREATE INDEX connections_by_status ON connections (status, requested_at, id);

  -- One live connection per identity. Decisions check this too.
  CREATE UNIQUE INDEX live_connections
    ON connections (environment_account_id, region, management_account_id, environment_name)
    WHERE status IN ('PENDING', 'CONNECTED');

  -- For the quota of an environment account in a Region.
  CREATE INDEX connections_by_quota ON connections (environment_account_id, region);

  -- Events stay when their connection is deleted, so that they show who deleted it.
  CREATE TABLE connection_events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT,
    previous_status TEXT,
    actor TEXT NOT NULL,
    occurred_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX connection_events_by_connection ON connection_events (connection_id, sequence);

  -- A token is deleted with its connection. Then the same token creates a new connection.
  CREATE TABLE client_tokens (
    environment_account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    token TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (environment_account_id, region, token)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX client_tokens_by_connection ON client_tokens (connection_id);
  CREATE INDEX client_tokens_by_age ON client_tokens (created_at);
  `,
  `
  -- Secrets are encrypted before they are stored. Revoked keys stay, so that their use is reported as such.
  CREATE TABLE access_keys (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    sealed_secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;

  -- One row: a value encrypted with the same key as the secrets, to check an encryption key.
  CREATE TABLE access_key_seal (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seal BLOB NOT NULL
  ) STRICT;
  `,
  `
  -- So that a list of one Region, or of an account with one more filter, is one range of one index.
  CREATE INDEX connections_by_region ON connections (region, requested_at, id);
  CREATE INDEX connections_by_accounts
    ON connections (management_account_id, environment_account_id, requested_at, id);
  CREATE INDEX connections_by_management_and_name
    ON connections (management_account_id, environment_name, requested_at, id);
  CREATE INDEX connections_by_management_and_region
    ON connections (management_account_id, region, requested_at, id);
  CREATE INDEX connections_by_management_and_status
    ON connections (management_account_id, status, requested_at, id);
  CREATE INDEX connections_by_environment_and_name
    ON connections (environment_account_id, environment_name, requested_at, id);
  CREATE INDEX connections_by_environment_and_region
    ON connections (environment_account_id, region, requested_at, id);
  CREATE INDEX connections_by_environment_and_status
    ON connections (environment_account_id, status, requested_at, id);
  -- connections_by_environment_and_region serves the quota too.
  DROP INDEX connections_by_quota;

  -- A page of a history starts at the event whose id is in the cursor.
  CREATE INDEX connection_events_by_id ON connection_events (connection_id, id);
  `,
  `
  -- The connection of a status change as a JSON object of its columns; null for other events, and for those of earlier versions.
  ALTER TABLE connection_events ADD COLUMN snapshot TEXT;
  `,
  `
  -- For lists by the beginning of a name and by tags: what is checked of each row, in the order of lists.
  CREATE INDEX connections_by_request_with_name_and_tags
    ON connections (requested_at, id, environment_name, tags);

  -- The first decision on each connection that exists, for overviews. A connection is PENDING once, so there is one at most. It is in the
  -- history too, but looking a million up there and in connections takes ten seconds.
  CREATE TABLE connection_decisions (
    id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    management_account_id TEXT NOT NULL,
    environment_account_id TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    decision TEXT NOT NULL,
    decided_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER connection_decided AFTER INSERT ON connection_events
    WHEN new.type IN ('ACCEPTED', 'REJECTED') AND new.previous_status = 'PENDING'
    BEGIN
      INSERT OR IGNORE INTO connection_decisions
        SELECT id, management_account_id, environment_account_id, requested_at, new.type, new.occurred_at
        FROM connections WHERE id = new.connection_id;
    END;
  INSERT OR IGNORE INTO connection_decisions
    SELECT connections.id, management_account_id, environment_account_id, requested_at, event.type, event.occurred_at
    FROM connections JOIN connection_events AS event ON event.connection_id = connections.id
    WHERE event.type IN ('ACCEPTED', 'REJECTED') AND event.previous_status = 'PENDING'
    ORDER BY event.sequence;
  CREATE INDEX decisions_by_time ON connection_decisions (decided_at, requested_at, id, decision);
  CREATE INDEX decisions_by_management_account
    ON connection_decisions (management_account_id, decided_at, requested_at, id, decision);
  CREATE INDEX decisions_by_environment_account ON connection_decisions
    (environment_account_id, decided_at, requested_at, id, decision, management_account_id);
  `,
];
