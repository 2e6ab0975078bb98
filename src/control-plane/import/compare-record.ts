import type { Connection, ConnectionView } from '../../proton/connection';
import { difference, tagsBetween } from './differences';

/** The result of comparing a record with a known connection of the same id. */
export type RecordResult =
  | { readonly kind: 'unchanged' }
  /** They agree, and each has members that the other lacks. */
  | { readonly kind: 'completes'; readonly connection: ConnectionView }
  | { readonly kind: 'differs'; readonly differences: readonly string[] };

/** Members that every record has. */
const MEMBERS = [
  'status',
  'environmentName',
  'managementAccountId',
  'environmentAccountId',
  'region',
  'roleArn',
  'componentRoleArn',
  'requestedAt',
  'lastModifiedAt',
] as const satisfies readonly (keyof ConnectionView)[];

/**
 * Compares a record with the connection of the same id in the store. A CodeBuild role that is null in the store may be unknown, so
 * the record completes it.
 */
export function compareWithStored(stored: Connection, connection: ConnectionView): RecordResult {
  const completes = stored.codebuildRoleArn === null && typeof connection.codebuildRoleArn === 'string';
  const { codebuildRoleArn, ...known } = stored;
  const differences = differencesOf(
    completes ? known : { ...known, codebuildRoleArn },
    connection,
    'here',
    'in the file',
  );
  if (differences.length > 0) return { kind: 'differs', differences };
  return completes ? { kind: 'completes', connection } : { kind: 'unchanged' };
}

/**
 * Compares a record with an earlier one of the same id in the same file, such as the outputs of a list and of a get. Each may have
 * members that the other lacks.
 * @param earlierName how messages name the earlier record
 */
export function compareWithEarlier(
  earlier: ConnectionView,
  connection: ConnectionView,
  earlierName: string,
): RecordResult {
  const differences = differencesOf(earlier, connection, `in ${earlierName}`, 'here');
  if (differences.length > 0) return { kind: 'differs', differences };
  const completes =
    (earlier.codebuildRoleArn === undefined && connection.codebuildRoleArn !== undefined) ||
    (earlier.tags === undefined && connection.tags !== undefined);
  return completes ? { kind: 'completes', connection: { ...connection, ...earlier } } : { kind: 'unchanged' };
}

/** Differences in the members that both have. */
function differencesOf(
  known: ConnectionView,
  other: ConnectionView,
  knownIs: string,
  otherIs: string,
): readonly string[] {
  const differences = MEMBERS.filter((member) => known[member] !== other[member]).map((member) =>
    difference(member, textOf(known[member]), textOf(other[member]), knownIs, otherIs),
  );
  const [codebuild, otherCodebuild] = [known.codebuildRoleArn, other.codebuildRoleArn];
  if (codebuild !== undefined && otherCodebuild !== undefined && codebuild !== otherCodebuild) {
    differences.push(difference('codebuildRoleArn', codebuild, otherCodebuild, knownIs, otherIs));
  }
  if (known.tags !== undefined && other.tags !== undefined) {
    differences.push(...tagsBetween(known.tags, other.tags, knownIs, otherIs));
  }
  return differences;
}

function textOf(value: string | number | null): string | null {
  return typeof value === 'number' ? new Date(value).toISOString() : value;
}
