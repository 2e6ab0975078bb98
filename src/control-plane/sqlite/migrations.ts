/**
 * The steps that bring a database from empty to what this version needs. A step that has been released is never changed: the
 * next one is added at the end. `PRAGMA user_version` counts the steps that a file has taken.
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

  -- Lists run from the newest request to the oldest: over everything, over an account in either role, over a name, a status.
  CREATE INDEX connections_by_request ON connections (requested_at, id);
  CREATE INDEX connections_by_management_account ON connections (management_account_id, requested_at, id);
  CREATE INDEX connections_by_environment_account ON connections (environment_account_id, requested_at, id);
  CREATE INDEX connections_by_environment_name ON connections (environment_name, requested_at, id);
  CREATE INDEX connections_by_status ON connections (status, requested_at, id);

  -- One live connection for the same request; the rule holds here as well, should a decision ever miss it.
  CREATE UNIQUE INDEX live_connections
    ON connections (environment_account_id, region, management_account_id, environment_name)
    WHERE status IN ('PENDING', 'CONNECTED');

  -- The quota counts by environment account and Region.
  CREATE INDEX connections_by_quota ON connections (environment_account_id, region);

  -- Events outlive their connection, so that it can be told who deleted it.
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

  -- A token's record goes with its connection: once that is deleted, the same token makes a new one.
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
  -- Secrets are sealed before they come here. A key that is revoked stays, so that what it signed can be told from nonsense.
  CREATE TABLE access_keys (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    sealed_secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;

  -- One row: what tells whether an encryption key is the one that the secrets are sealed under.
  CREATE TABLE access_key_seal (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seal BLOB NOT NULL
  ) STRICT;
  `,
  `
  -- A list of one Region, and of an account with any one other filter, is one range of one index.
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
  -- The quota counts along connections_by_environment_and_region now.
  DROP INDEX connections_by_quota;

  -- A page of a history begins at an event that is named by its id.
  CREATE INDEX connection_events_by_id ON connection_events (connection_id, id);
  `,
];
