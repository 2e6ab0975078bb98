import { randomUUID } from 'node:crypto';

import { CONNECTION_COLUMNS, snapshotArguments } from '../../connection-rows';
import type { ConnectionView } from '../../../proton/connection';
import {
  IMPORT_ACTOR,
  type ImportDependencies,
  type ImportOutcome,
  type ImportRecord,
  type ImportStore,
  Refusals,
} from '../../import/import-store';
import { compareInFile, type StagedRecord } from '../../import/staged-records';
import type { Database } from '../database';
import { isConflict, isDuplicate, isLostSession, OutcomeUnknown, writing } from '../errors';
import type { Query, Session } from '../session';
import { compareStaged } from './compare-staged';
import { stagingOn } from './staging';

/** Records that a statement stages. */
const BATCH = 1_000;

/** How often the write is repeated when other processes change the same rows, or the session is lost. */
const ATTEMPTS = 10;

/** All of it sees one snapshot, so that what is written is what was compared. */
const ONE_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ';

/** Creates in the accounts of an import wait until it has ended. Their connections must be counted anew. */
const LOCK_SCOPES = `INSERT INTO account_scopes (environment_account_id, region, connections)
  SELECT DISTINCT environment_account_id, region, NULL::bigint FROM import_records WHERE import_id = $1::uuid
  ORDER BY environment_account_id, region
  ON CONFLICT (environment_account_id, region) DO UPDATE SET connections = NULL`;

const COLUMNS = CONNECTION_COLUMNS.join(', ');

/**
 * In the order of time: half of the indexes then grow at their ends. An id that was deleted goes on with its history, of which no
 * decision counts for the new connection.
 */
const INSERT = `INSERT INTO connections (${COLUMNS}, live, version, first_decision)
  SELECT ${COLUMNS}, live, 1 + coalesce(
    (SELECT max(event.version) FROM connection_events AS event WHERE event.connection_id = staged.id), 0),
    CASE WHEN status <> 'PENDING' THEN 'NONE' END
  FROM import_records AS staged WHERE import_id = $1::uuid AND verdict = 'new' ORDER BY requested_at, id`;

const COMPLETE = `UPDATE connections SET codebuild_role_arn = staged.codebuild_role_arn, version = connections.version + 1
  FROM import_records AS staged
  WHERE staged.import_id = $1::uuid AND staged.verdict = 'completed'
    AND connections.id = coalesce(staged.target_id, staged.id)`;

const SNAPSHOT = snapshotArguments('connections');

const ADD_EVENTS = `INSERT INTO connection_events
    (connection_id, version, id, type, status, previous_status, actor, occurred_at, snapshot)
  SELECT connections.id, connections.version, staged.event_id, 'IMPORTED', connections.status,
    CASE staged.verdict WHEN 'completed' THEN connections.status END, $2::text, $3::bigint,
    CASE staged.verdict WHEN 'new' THEN json_build_object(${SNAPSHOT})::text END
  FROM import_records AS staged JOIN connections ON connections.id = coalesce(staged.target_id, staged.id)
  WHERE staged.import_id = $1::uuid AND staged.verdict IN ('new', 'completed')`;

const ADD_CHANGES = `INSERT INTO unsequenced (connection_id, version)
  SELECT connections.id, connections.version FROM import_records AS staged JOIN connections ON connections.id = staged.id
  WHERE staged.import_id = $1::uuid AND staged.verdict = 'new'`;

export interface ImportOptions extends Partial<ImportDependencies> {
  /** Called after a commit of new connections. */
  readonly changed: () => void;
}

export function importsOn(
  database: Database,
  { changed, now = Date.now, newId = randomUUID }: ImportOptions,
): ImportStore {
  return {
    async begin() {
      const importId = newId();
      const staging = stagingOn(database, importId, { now, newId });
      await writing(staging.clear);
      const refusalsInFile = new Refusals();
      let repeated = 0;

      async function add(records: readonly ImportRecord[]): Promise<void> {
        const replaced = new Map<StagedRecord, ConnectionView>();
        for (const { record, earlier } of await staging.put(records)) {
          const result = compareInFile(record, {
            ...earlier,
            connection: replaced.get(earlier) ?? earlier.connection,
          });
          if (result.kind === 'refused') {
            refusalsInFile.add(result.refusal);
            continue;
          }
          if (result.kind === 'completes') replaced.set(earlier, result.connection);
          repeated += 1;
        }
        await staging.replace(replaced);
      }

      async function compare(session: Session): Promise<ImportOutcome> {
        const refusals = new Refusals();
        refusals.addAll(refusalsInFile);
        const counts = await compareStaged(session, importId, refusals);
        return {
          written: false,
          counts: { ...counts, unchanged: counts.unchanged + repeated },
          refusals: refusals.first,
          refused: refusals.count,
        };
      }

      async function compareAndWrite(session: Session): Promise<ImportOutcome> {
        const forImport = (text: string, ...values: readonly unknown[]): Query => ({
          text,
          values: [importId, ...values],
        });
        await session.send(forImport(LOCK_SCOPES));
        const outcome = await compare(session);
        if (outcome.refused > 0) {
          await session.commit();
          return outcome;
        }
        await session.commit(
          [
            forImport(INSERT),
            forImport(COMPLETE),
            forImport(ADD_EVENTS, IMPORT_ACTOR, now()),
            forImport(ADD_CHANGES),
          ].map(session.send),
        );
        return { ...outcome, written: true };
      }

      const run = (work: (session: Session) => Promise<ImportOutcome>) =>
        repeating(() => database.transaction(work, { begin: ONE_SNAPSHOT, unlimited: true }));

      return {
        add: (records) =>
          writing(async () => {
            for (let start = 0; start < records.length; start += BATCH) {
              await add(records.slice(start, start + BATCH));
            }
          }),

        settle: (mode) =>
          writing(async () => {
            // Without locks first: most mistakes are found here.
            const first = await run(async (session) => {
              const outcome = await compare(session);
              await session.commit();
              return outcome;
            });
            if (mode === 'compare' || first.refused > 0) return first;
            if (first.counts.new + first.counts.completed === 0) return { ...first, written: true };
            const outcome = await run(compareAndWrite);
            if (outcome.written) changed();
            return outcome;
          }),

        close: () => staging.clear().catch(() => undefined),
      };
    },
  };
}

/**
 * Repeats a transaction while others are in its way. It may also be repeated when its outcome is unknown: what it has written, it finds
 * unchanged.
 */
async function repeating<Result>(transaction: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      const cause = error instanceof OutcomeUnknown ? error.cause : error;
      const mayPass = isConflict(cause) || isDuplicate(cause) || isLostSession(cause);
      if (!mayPass || attempt === ATTEMPTS) throw cause;
    }
  }
}
