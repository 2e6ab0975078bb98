import { rowOf, snapshotOf } from '../../connection-rows';
import type { Query } from '../session';
import type { ChangedVersion, GroupChanges, NumberedEvent } from './group';

const INSERT = `INSERT INTO connections (id, region, status, environment_name, management_account_id, environment_account_id,
    role_arn, component_role_arn, codebuild_role_arn, requested_at, last_modified_at, tags, version, live, first_decision, decided_at)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::boolean[], $15::text[], $16::bigint[])`;

/** Only columns that a change can change. */
const UPDATE = `UPDATE connections SET status = changed.status, role_arn = changed.role_arn,
    component_role_arn = changed.component_role_arn, codebuild_role_arn = changed.codebuild_role_arn,
    last_modified_at = changed.last_modified_at, tags = changed.tags, version = changed.version, live = changed.live,
    first_decision = coalesce(changed.first_decision, connections.first_decision),
    decided_at = coalesce(changed.decided_at, connections.decided_at)
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::boolean[],
      $10::text[], $11::bigint[])
    AS changed(id, status, role_arn, component_role_arn, codebuild_role_arn, last_modified_at, tags, version, live,
      first_decision, decided_at)
  WHERE connections.id = changed.id`;

const DELETE = 'DELETE FROM connections WHERE id = ANY ($1::uuid[])';
const DELETE_TOKENS = 'DELETE FROM client_tokens WHERE connection_id = ANY ($1::uuid[])';

const PUT_TOKENS = `INSERT INTO client_tokens (environment_account_id, region, token, fingerprint, connection_id, created_at)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::bigint[])
  ON CONFLICT (environment_account_id, region, token) DO UPDATE SET
    fingerprint = excluded.fingerprint, connection_id = excluded.connection_id, created_at = excluded.created_at`;

const ADD_EVENTS = `INSERT INTO connection_events
    (connection_id, version, id, type, status, previous_status, actor, occurred_at, snapshot)
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
    $9::text[])`;

const ADD_CHANGES = `INSERT INTO unsequenced (connection_id, version)
  SELECT * FROM unnest($1::uuid[], $2::bigint[])`;

/**
 * A create writes the row of its scope, also when the number stays. Where transactions keep their first snapshot, the lock alone would
 * not stop another create from deciding on older rows.
 */
const PUT_SCOPES = `UPDATE account_scopes SET connections = changed.connections
  FROM unnest($1::text[], $2::text[], $3::bigint[]) AS changed(account, region, connections)
  WHERE environment_account_id = changed.account AND account_scopes.region = changed.region`;

/** The statements that write the changes of a group: one for each table, and none for a table without changes. */
export function changeQueries(changes: GroupChanges): readonly Query[] {
  const { inserted, updated, deleted, tokens, events, scopes } = changes;
  const queries: Query[] = [];
  const add = (rows: readonly unknown[], text: string, values: () => readonly unknown[]) => {
    if (rows.length > 0) queries.push({ text, values: values() });
  };
  const statusChanges = events.filter(isStatusChange);
  // Deletes first: a connection of the same group may take over the identity or the token of a deleted one.
  add(deleted, DELETE_TOKENS, () => [deleted]);
  add(deleted, DELETE, () => [deleted]);
  add(updated, UPDATE, () => updatedColumns(updated));
  add(inserted, INSERT, () => insertedColumns(inserted));
  add(tokens, PUT_TOKENS, () => [
    tokens.map(({ environmentAccountId }) => environmentAccountId),
    tokens.map(({ region }) => region),
    tokens.map(({ token }) => token),
    tokens.map(({ fingerprint }) => fingerprint),
    tokens.map(({ connectionId }) => connectionId),
    tokens.map(({ createdAt }) => createdAt),
  ]);
  add(events, ADD_EVENTS, () => eventColumns(events));
  add(statusChanges, ADD_CHANGES, () => [
    statusChanges.map(({ event }) => event.connectionId),
    statusChanges.map(({ version }) => version),
  ]);
  add(scopes, PUT_SCOPES, () => [
    scopes.map(({ environmentAccountId }) => environmentAccountId),
    scopes.map(({ region }) => region),
    scopes.map(({ atMost }) => atMost),
  ]);
  return queries;
}

/** Whether an event is in the change feed. */
export function isStatusChange({ event }: NumberedEvent): boolean {
  return event.status !== event.previousStatus;
}

/** True, or null for a rejected connection: a unique constraint ignores rows with a null. */
function liveOf({ connection }: ChangedVersion): true | null {
  return connection.status === 'REJECTED' ? null : true;
}

function insertedColumns(inserted: readonly ChangedVersion[]): readonly (readonly unknown[])[] {
  const rows = inserted.map(({ connection }) => rowOf(connection));
  return [
    rows.map(({ id }) => id),
    rows.map(({ region }) => region),
    rows.map(({ status }) => status),
    rows.map((row) => row.environment_name),
    rows.map((row) => row.management_account_id),
    rows.map((row) => row.environment_account_id),
    rows.map((row) => row.role_arn),
    rows.map((row) => row.component_role_arn),
    rows.map((row) => row.codebuild_role_arn),
    rows.map((row) => row.requested_at),
    rows.map((row) => row.last_modified_at),
    rows.map(({ tags }) => tags),
    inserted.map(({ version }) => version),
    inserted.map(liveOf),
    ...decisionColumns(inserted),
  ];
}

function updatedColumns(updated: readonly ChangedVersion[]): readonly (readonly unknown[])[] {
  const rows = updated.map(({ connection }) => rowOf(connection));
  return [
    rows.map(({ id }) => id),
    rows.map(({ status }) => status),
    rows.map((row) => row.role_arn),
    rows.map((row) => row.component_role_arn),
    rows.map((row) => row.codebuild_role_arn),
    rows.map((row) => row.last_modified_at),
    rows.map(({ tags }) => tags),
    updated.map(({ version }) => version),
    updated.map(liveOf),
    ...decisionColumns(updated),
  ];
}

function decisionColumns(changed: readonly ChangedVersion[]): readonly (readonly unknown[])[] {
  return [
    changed.map(({ decision }) => decision?.type ?? null),
    changed.map(({ decision }) => decision?.at ?? null),
  ];
}

function eventColumns(events: readonly NumberedEvent[]): readonly (readonly unknown[])[] {
  return [
    events.map(({ event }) => event.connectionId),
    events.map(({ version }) => version),
    events.map(({ event }) => event.id),
    events.map(({ event }) => event.type),
    events.map(({ event }) => event.status),
    events.map(({ event }) => event.previousStatus),
    // PostgreSQL has no text with a NUL, which a token's subject may contain.
    events.map(({ event }) => event.actor.replaceAll('\0', '\uFFFD')),
    events.map(({ event }) => event.occurredAt),
    events.map((event) => (isStatusChange(event) ? snapshotOf(event.connection) : null)),
  ];
}
