import type { ConnectionStatus, ConnectionView } from '../../proton/connection';
import { isConnectionId, type ConnectionId } from '../../proton/identifiers';
import { CONNECTION_COLUMNS, connectionOf, type ConnectionTuple } from '../connection-rows';
import {
  compareDeclaration,
  contradictionsOfDeclarations,
  secondLiveInFile,
  secondLiveInStore,
} from './compare-declaration';
import { compareWithEarlier, compareWithStored } from './compare-record';
import {
  recordName,
  type ConnectionDeclaration,
  type ImportDependencies,
  type ImportRecord,
  type ImportRefusal,
  type SourceLocation,
} from './import-store';

/** What every store does with the records of an import between reading and writing its own rows. */

export interface StagedRecord {
  readonly location: SourceLocation;
  readonly kind: ImportRecord['kind'];
  readonly connection: ConnectionView;
}

/** The result of comparing a staged record with the store. */
export type Verdict = 'new' | 'completed' | 'unchanged' | 'refused';

/** The columns of a staged record before those of its connection. */
const RECORD_COLUMNS = ['record', 'logical_id', 'line', 'kind', 'codebuild_known', 'tags_known'] as const;

export type StagedTuple = readonly [
  record: number,
  logicalId: string | null,
  line: number | null,
  kind: ImportRecord['kind'],
  codebuildKnown: 0 | 1 | boolean,
  tagsKnown: 0 | 1 | boolean,
  ...connection: ConnectionTuple,
];

export const STAGED_COLUMNS: readonly string[] = [...RECORD_COLUMNS, ...CONNECTION_COLUMNS];

export function stagedRecordOf(tuple: StagedTuple): StagedRecord {
  const [record, logicalId, line, kind, codebuildKnown, tagsKnown, ...columns] = tuple;
  const { codebuildRoleArn, tags, ...known } = connectionOf(columns);
  return {
    location: { record, logicalId: logicalId ?? undefined, line: line ?? undefined },
    kind,
    connection: {
      ...known,
      ...(codebuildKnown && { codebuildRoleArn }),
      ...(tagsKnown && { tags }),
    },
  };
}

/** A record as a connection: a declaration becomes the one that it would create. */
export function viewOf(record: ImportRecord, { now, newId }: ImportDependencies): ConnectionView {
  return record.kind === 'connection'
    ? record.connection
    : declaredConnection(record.declaration, now(), newId());
}

function declaredConnection(declaration: ConnectionDeclaration, at: number, id: string): ConnectionView {
  if (!isConnectionId(id)) throw new Error(`newId made ${id}, which is not a UUID`);
  return { ...declaration, id, status: 'PENDING', requestedAt: at, lastModifiedAt: at };
}

/** The result of comparing a record with an earlier one of the same file that has the same id or the same live identity. */
export type InFileResult =
  | { readonly kind: 'repeated' }
  /** Both agree, and the earlier one becomes this connection. */
  | { readonly kind: 'completes'; readonly connection: ConnectionView }
  | { readonly kind: 'refused'; readonly refusal: ImportRefusal };

export function compareInFile(record: ImportRecord, earlier: StagedRecord): InFileResult {
  const { location } = record;
  const earlierName = recordName(earlier.location);
  if (record.kind === 'declaration') {
    const reasons = contradictionsOfDeclarations(record.declaration, earlier.connection, earlierName);
    return reasons.length === 0 ? { kind: 'repeated' } : { kind: 'refused', refusal: { location, reasons } };
  }
  const { connection } = record;
  const refused = (reason: string): InFileResult => ({
    kind: 'refused',
    refusal: { location, id: connection.id, reasons: [reason] },
  });
  if (earlier.connection.id !== connection.id)
    return refused(secondLiveInFile(connection, earlier.connection, earlierName));
  const result = compareWithEarlier(earlier.connection, connection, earlierName);
  if (result.kind === 'unchanged') return { kind: 'repeated' };
  if (result.kind === 'completes') return result;
  return refused(`is in the file twice, with other content: ${result.differences.join('; ')}`);
}

/** What becomes of a staged record. */
export interface Comparison {
  readonly verdict: Verdict;
  /** The connection that a declaration completes. */
  readonly target?: { readonly id: ConnectionId; readonly status: ConnectionStatus };
  readonly refusal?: ImportRefusal;
}

/** Compares a record with the connection of the same id. */
export function compareSameId(
  { location, connection }: StagedRecord,
  stored: Parameters<typeof compareWithStored>[0],
): Comparison {
  const result = compareWithStored(stored, connection);
  if (result.kind === 'unchanged') return { verdict: 'unchanged' };
  if (result.kind === 'completes') return { verdict: 'completed' };
  return {
    verdict: 'refused',
    refusal: {
      location,
      id: connection.id,
      reasons: [`exists with other content: ${result.differences.join('; ')}`],
    },
  };
}

/** A new live record meets a live connection with the same identity. */
export function compareSameIdentity(
  { location, connection }: StagedRecord,
  live: Parameters<typeof secondLiveInStore>[1],
): Comparison {
  return {
    verdict: 'refused',
    refusal: { location, id: connection.id, reasons: [secondLiveInStore(connection, live)] },
  };
}

/** Compares a declaration with the newest live, or else rejected, connection of the same identity. */
export function compareDeclared(
  { location, connection }: StagedRecord,
  live: Parameters<typeof compareDeclaration>[1],
  rejected: Parameters<typeof compareDeclaration>[2],
): Comparison {
  const result = compareDeclaration(connection, live, rejected);
  switch (result.kind) {
    case 'new':
    case 'unchanged':
      return { verdict: result.kind };
    case 'completes':
      return { verdict: 'completed', target: { id: result.live.id, status: result.live.status } };
    case 'refused':
      return { verdict: 'refused', refusal: { location, reasons: result.reasons } };
  }
}
