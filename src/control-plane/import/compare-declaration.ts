import type { Connection, ConnectionView } from '../../proton/connection';
import type { ConnectionWish } from './import-store';
import { rolesApart, rolesBetween, tagsBetween } from './differences';

/** What becomes of a wish, given the connection of the same accounts, Region and environment that counts. */
export type WishVerdict =
  | { readonly kind: 'new' | 'unchanged' }
  /** The connection is as declared but for its CodeBuild role, of which the store was never told. */
  | { readonly kind: 'completes'; readonly live: Connection }
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

/**
 * A wish that is fulfilled changes nothing, whatever became of the connection's tags. A CodeBuild role that the store has not may
 * be one that it was never told, for AWS's lists don't carry it, so the wish completes the connection as a fact would. And one that has been rejected is not asked
 * again, for an import must not get round what a management account decided.
 * @param live the connection of the same identity that is `PENDING` or `CONNECTED`
 * @param rejected one that is `REJECTED`, where none is live
 */
export function judgeWish(
  wish: ConnectionView,
  live: Connection | undefined,
  rejected: Pick<Connection, 'id' | 'managementAccountId'> | undefined,
): WishVerdict {
  if (live) {
    const completes = live.codebuildRoleArn === null && typeof wish.codebuildRoleArn === 'string';
    const apart = rolesApart(completes ? { ...wish, codebuildRoleArn: null } : wish, live);
    if (apart.length === 0) return completes ? { kind: 'completes', live } : { kind: 'unchanged' };
    return {
      kind: 'refused',
      reasons: [`exists as ${live.id}, ${live.status}, with other roles: ${apart.join('; ')}`],
    };
  }
  if (rejected) {
    return {
      kind: 'refused',
      reasons: [
        `was rejected by the management account ${rejected.managementAccountId}: delete the connection ${rejected.id}, then import again`,
      ],
    };
  }
  return { kind: 'new' };
}

/** Two wishes for the same connection in one file: nothing where they are equal, or why they can't both be. */
export function againstEarlierWish(
  wish: ConnectionWish,
  earlier: ConnectionView,
  earlierName: string,
): readonly string[] {
  const differences = [
    ...rolesBetween(earlier, wish, `in ${earlierName}`, 'here'),
    ...tagsBetween(earlier.tags ?? [], wish.tags, `in ${earlierName}`, 'here'),
  ];
  return differences.length === 0
    ? []
    : [`declares the same connection as ${earlierName}, with other content: ${differences.join('; ')}`];
}

/** Two live facts for the same accounts, Region and environment, in one file. */
export function againstEarlierLive(
  fact: ConnectionView,
  earlier: ConnectionView,
  earlierName: string,
): string {
  return `${secondLive(fact)} as ${earlierName}, ${earlier.id}, which is ${earlier.status} as well`;
}

/** A live fact for the accounts, Region and environment of a live connection that the store has under another id. */
export function againstLive(fact: ConnectionView, live: Pick<Connection, 'id' | 'status'>): string {
  return `${secondLive(fact)} as ${live.id}, which is ${live.status} here`;
}

function secondLive({
  status,
  environmentAccountId,
  managementAccountId,
  environmentName,
  region,
}: ConnectionView) {
  return `is ${status} for the same accounts (${environmentAccountId} and ${managementAccountId}), Region (${region}) and environment (${environmentName})`;
}
