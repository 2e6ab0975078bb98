/** One change of the schema: one statement that can be repeated. */
export interface SchemaStep {
  readonly step: number;
  readonly statement: string;
}

/**
 * The steps from an empty database to this version's schema. Never change one that has been released: add others at the end.
 *
 * Expand, then contract: servers of the previous version run on the new schema during an upgrade. So a step adds tables, indexes, and
 * columns that are nullable or have a default. What only an older version uses is removed one version later. A new index on a table
 * that has rows needs CREATE INDEX CONCURRENTLY, or it blocks writes while it is built.
 *
 * Timestamps are epoch milliseconds, on the clocks of the servers. Text keys are compared by bytes, so that their order does not depend
 * on the operating system. There are no foreign keys, sequences and triggers: databases that speak PostgreSQL's protocol differ in them.
 */
export const SCHEMA_STEPS: readonly SchemaStep[] = [
  // live: true while the status is PENDING or CONNECTED, else null. A unique constraint ignores rows with a null.
  // version: the number of the connection's newest event.
  `CREATE TABLE IF NOT EXISTS connections (
    id uuid NOT NULL PRIMARY KEY,
    region text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('PENDING', 'CONNECTED', 'REJECTED')),
    environment_name text COLLATE "C" NOT NULL,
    management_account_id text COLLATE "C" NOT NULL,
    environment_account_id text COLLATE "C" NOT NULL,
    role_arn text,
    component_role_arn text,
    codebuild_role_arn text,
    requested_at bigint NOT NULL,
    last_modified_at bigint NOT NULL,
    tags text NOT NULL,
    version bigint NOT NULL,
    live boolean CHECK (live),
    CONSTRAINT live_connections
      UNIQUE (environment_account_id, region, management_account_id, environment_name, live)
  )`,
  // Lists run from the newest request to the oldest, along one of these; see queries/walks.ts. An index includes what else they check.
  'CREATE INDEX IF NOT EXISTS connections_by_request ON connections (requested_at, id)',
  'CREATE INDEX IF NOT EXISTS connections_by_status ON connections (status, requested_at, id)',
  'CREATE INDEX IF NOT EXISTS connections_by_region ON connections (region, status, requested_at, id)',
  'CREATE INDEX IF NOT EXISTS connections_by_environment_name ON connections (environment_name, status, requested_at, id) INCLUDE (region)',
  'CREATE INDEX IF NOT EXISTS connections_by_management_account ON connections (management_account_id, requested_at, id)',
  'CREATE INDEX IF NOT EXISTS connections_by_management_and_status ON connections (management_account_id, status, requested_at, id)',
  'CREATE INDEX IF NOT EXISTS connections_by_management_and_region ON connections (management_account_id, region, status, requested_at, id)',
  'CREATE INDEX IF NOT EXISTS connections_by_management_and_name ON connections (management_account_id, environment_name, status, requested_at, id) INCLUDE (region)',
  `CREATE INDEX IF NOT EXISTS connections_by_environment_account ON connections (environment_account_id, status, requested_at, id)
    INCLUDE (environment_name, region)`,
  'CREATE INDEX IF NOT EXISTS connections_by_accounts ON connections (management_account_id, environment_account_id, requested_at, id)',
  // A row that creates lock, one for each environment account and Region. connections: at least as many as there are; null: not counted.
  `CREATE TABLE IF NOT EXISTS account_scopes (
    environment_account_id text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    connections bigint,
    PRIMARY KEY (environment_account_id, region)
  ) WITH (fillfactor = 50)`,
  `CREATE TABLE IF NOT EXISTS client_tokens (
    environment_account_id text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    token text COLLATE "C" NOT NULL,
    fingerprint text NOT NULL,
    connection_id uuid NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (environment_account_id, region, token)
  )`,
  'CREATE INDEX IF NOT EXISTS client_tokens_by_connection ON client_tokens (connection_id)',
  'CREATE INDEX IF NOT EXISTS client_tokens_by_age ON client_tokens (created_at)',
  // Events stay when their connection is deleted, so that they show who deleted it. version: 1 for the first event of a connection.
  `CREATE TABLE IF NOT EXISTS connection_events (
    connection_id uuid NOT NULL,
    version bigint NOT NULL,
    id uuid NOT NULL UNIQUE,
    type text NOT NULL,
    status text,
    previous_status text,
    actor text NOT NULL,
    occurred_at bigint NOT NULL,
    PRIMARY KEY (connection_id, version)
  )`,
  // Status changes that are committed and have no position in the feed yet.
  `CREATE TABLE IF NOT EXISTS unsequenced (
    connection_id uuid NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (connection_id, version)
  )`,
  // One row: the position of the feed's newest change.
  'CREATE TABLE IF NOT EXISTS feed_head (id integer NOT NULL PRIMARY KEY CHECK (id = 1), position bigint NOT NULL)',
  'INSERT INTO feed_head (id, position) VALUES (1, 0) ON CONFLICT (id) DO NOTHING',
  `CREATE TABLE IF NOT EXISTS feed (
    position bigint NOT NULL PRIMARY KEY,
    connection_id uuid NOT NULL,
    version bigint NOT NULL,
    sequenced_at bigint NOT NULL
  )`,
  // Secrets are encrypted before they are stored. Revoked keys stay, so that their use is reported as such.
  `CREATE TABLE IF NOT EXISTS access_keys (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    account_id text NOT NULL,
    sealed_secret bytea NOT NULL,
    created_at bigint NOT NULL,
    revoked_at bigint
  )`,
  // One row: a value encrypted with the same key as the secrets, to check an encryption key.
  'CREATE TABLE IF NOT EXISTS access_key_seal (id integer NOT NULL PRIMARY KEY CHECK (id = 1), seal bytea NOT NULL)',
  // The records of imports that are not settled yet. A record is as its file describes it; see the import.
  `CREATE TABLE IF NOT EXISTS import_records (
    import_id uuid NOT NULL,
    record bigint NOT NULL,
    staged_at bigint NOT NULL,
    logical_id text,
    line bigint,
    kind text NOT NULL,
    codebuild_known boolean NOT NULL,
    tags_known boolean NOT NULL,
    id uuid NOT NULL,
    region text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    environment_name text COLLATE "C" NOT NULL,
    management_account_id text COLLATE "C" NOT NULL,
    environment_account_id text COLLATE "C" NOT NULL,
    role_arn text,
    component_role_arn text,
    codebuild_role_arn text,
    requested_at bigint NOT NULL,
    last_modified_at bigint NOT NULL,
    tags text NOT NULL,
    live boolean CHECK (live),
    event_id uuid NOT NULL,
    verdict text NOT NULL,
    target_id uuid,
    PRIMARY KEY (import_id, record),
    UNIQUE (import_id, id),
    UNIQUE (import_id, environment_account_id, region, management_account_id, environment_name, live)
  )`,
  // The connection of a status change as a JSON object of its columns; null for other events, and for those of earlier versions.
  'ALTER TABLE connection_events ADD COLUMN IF NOT EXISTS snapshot text',
  // Other systems that status changes are sent to. position: as far as the feed was read for it. retry_at: until then nothing is sent,
  // because the destination takes nothing; failures: its tries in a row.
  `CREATE TABLE IF NOT EXISTS event_destinations (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    transport text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    paused_at bigint,
    paused_reason text,
    retry_at bigint,
    failures integer NOT NULL DEFAULT 0,
    delivered_at bigint,
    dropped bigint NOT NULL DEFAULT 0
  ) WITH (fillfactor = 50)`,
  // The events that wait for a destination.
  `CREATE TABLE IF NOT EXISTS outbound_events (
    destination text COLLATE "C" NOT NULL,
    connection_id uuid NOT NULL,
    version bigint NOT NULL,
    message text NOT NULL,
    queued_at bigint NOT NULL,
    PRIMARY KEY (destination, connection_id, version)
  )`,
  'CREATE INDEX IF NOT EXISTS outbound_events_by_age ON outbound_events (destination, queued_at)',
  // The connections that have such events, so that the first events of connections are found without looking at the others.
  // due_at: when that event may be sent; until then the process with the claim sends it. failures: its tries so far.
  `CREATE TABLE IF NOT EXISTS outbound_connections (
    destination text COLLATE "C" NOT NULL,
    connection_id uuid NOT NULL,
    next_version bigint NOT NULL,
    due_at bigint NOT NULL,
    claim uuid,
    failures integer NOT NULL DEFAULT 0,
    PRIMARY KEY (destination, connection_id)
  )`,
  'CREATE INDEX IF NOT EXISTS outbound_connections_by_due_time ON outbound_connections (destination, due_at)',
  // The first decision on each connection, and where the history of an id ends that is imported again, for overviews.
  `CREATE INDEX CONCURRENTLY IF NOT EXISTS connection_events_by_decision ON connection_events (connection_id, version)
    INCLUDE (type, occurred_at)
    WHERE previous_status = 'PENDING' AND type IN ('ACCEPTED', 'REJECTED') OR type = 'DELETED'`,
  // The first decision, for overviews too: 'ACCEPTED', 'REJECTED', or 'NONE' for a connection that was imported with a status but no
  // decision in its history. Null while it is PENDING, and until the backfill has looked up what an earlier version decided; see
  // first-decisions.ts.
  'ALTER TABLE connections ADD COLUMN IF NOT EXISTS first_decision text COLLATE "C"',
  'ALTER TABLE connections ADD COLUMN IF NOT EXISTS decided_at bigint',
  `CREATE INDEX CONCURRENTLY IF NOT EXISTS connections_by_management_and_decision ON connections (management_account_id, decided_at)
    INCLUDE (requested_at, first_decision, environment_account_id) WHERE decided_at IS NOT NULL`,
  `CREATE INDEX CONCURRENTLY IF NOT EXISTS connections_by_environment_and_decision ON connections (environment_account_id, decided_at)
    INCLUDE (requested_at, first_decision, management_account_id) WHERE decided_at IS NOT NULL`,
  `CREATE INDEX CONCURRENTLY IF NOT EXISTS connections_to_backfill ON connections (id)
    INCLUDE (requested_at, management_account_id, environment_account_id, environment_name, region, status, first_decision)
    WHERE first_decision IS NULL AND status <> 'PENDING'`,
].map((statement, index) => ({ step: index + 1, statement }));

/** The tables that keep count of the steps. They are made before the first step, by as many servers as start at once. */
export const BOOKKEEPING: readonly string[] = [
  'CREATE TABLE IF NOT EXISTS schema_steps (step integer NOT NULL PRIMARY KEY, applied_at bigint NOT NULL)',
  // One row: which process applies steps, and until when it may, on the clock of the database server.
  'CREATE TABLE IF NOT EXISTS schema_lease (id integer NOT NULL PRIMARY KEY CHECK (id = 1), owner uuid NOT NULL, until bigint NOT NULL)',
];
