import type { Connection, ConnectionView } from '../../proton/connection';
import { difference, tagsBetween } from './differences';

/** What becomes of a fact about a connection that is already known. */
export type FactVerdict =
  | { readonly kind: 'unchanged' }
  /** They agree, and the fact knows more. */
  | { readonly kind: 'completes'; readonly fact: ConnectionView }
  | { readonly kind: 'differs'; readonly differences: readonly string[] };

/** Members that every fact carries. */
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
 * Compares a fact with the connection of the same id in the store. A CodeBuild role that the store has not may be one that it
 * was never told, so it completes the connection.
 */
export function judgeAgainstStored(stored: Connection, fact: ConnectionView): FactVerdict {
  const completes = stored.codebuildRoleArn === null && typeof fact.codebuildRoleArn === 'string';
  const { codebuildRoleArn, ...known } = stored;
  const differences = differencesOf(
    completes ? known : { ...known, codebuildRoleArn },
    fact,
    'here',
    'in the file',
  );
  if (differences.length > 0) return { kind: 'differs', differences };
  return completes ? { kind: 'completes', fact } : { kind: 'unchanged' };
}

/**
 * Compares a fact with an earlier one of the same id in the same file, as when it holds what a list and what a get printed. What
 * one does not carry, the other may tell.
 * @param earlierName what the earlier record is called
 */
export function judgeAgainstEarlier(
  earlier: ConnectionView,
  fact: ConnectionView,
  earlierName: string,
): FactVerdict {
  const differences = differencesOf(earlier, fact, `in ${earlierName}`, 'here');
  if (differences.length > 0) return { kind: 'differs', differences };
  const learns =
    (earlier.codebuildRoleArn === undefined && fact.codebuildRoleArn !== undefined) ||
    (earlier.tags === undefined && fact.tags !== undefined);
  return learns ? { kind: 'completes', fact: { ...fact, ...earlier } } : { kind: 'unchanged' };
}

/** Where they disagree on what both know. */
function differencesOf(
  known: ConnectionView,
  fact: ConnectionView,
  knownIs: string,
  factIs: string,
): readonly string[] {
  const differences = MEMBERS.filter((member) => known[member] !== fact[member]).map((member) =>
    difference(member, textOf(known[member]), textOf(fact[member]), knownIs, factIs),
  );
  const [codebuild, factCodebuild] = [known.codebuildRoleArn, fact.codebuildRoleArn];
  if (codebuild !== undefined && factCodebuild !== undefined && codebuild !== factCodebuild) {
    differences.push(difference('codebuildRoleArn', codebuild, factCodebuild, knownIs, factIs));
  }
  if (known.tags !== undefined && fact.tags !== undefined) {
    differences.push(...tagsBetween(known.tags, fact.tags, knownIs, factIs));
  }
  return differences;
}

function textOf(value: string | number | null): string | null {
  return typeof value === 'number' ? new Date(value).toISOString() : value;
}
