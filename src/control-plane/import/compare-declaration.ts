import type { Connection, ConnectionView } from '../../proton/connection';
import type { ConnectionDeclaration } from './import-store';
import { rolesApart, rolesBetween, tagsBetween } from './differences';

/** The result of comparing a declaration with the connections of the same identity. */
export type DeclarationResult =
  | { readonly kind: 'new' | 'unchanged' }
  /** The connection is as declared, except that the store does not know its CodeBuild role. */
  | { readonly kind: 'completes'; readonly live: Connection }
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

/**
 * Compares a declaration with the store. A connection that exists as declared is unchanged, whatever its tags are. A CodeBuild role
 * that is null in the store may be unknown, because AWS's lists lack it, so the declaration completes it. A declaration that the
 * management account has rejected is refused: an import must not work around that decision.
 * @param live the `PENDING` or `CONNECTED` connection with the same identity
 * @param rejected a `REJECTED` one, if none is live
 */
export function compareDeclaration(
  declaration: ConnectionView,
  live: Connection | undefined,
  rejected: Pick<Connection, 'id' | 'managementAccountId'> | undefined,
): DeclarationResult {
  if (live) {
    const completes = live.codebuildRoleArn === null && typeof declaration.codebuildRoleArn === 'string';
    const apart = rolesApart(completes ? { ...declaration, codebuildRoleArn: null } : declaration, live);
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

/** Two declarations with the same identity in one file: returns why they contradict each other, or nothing if they are equal. */
export function contradictionsOfDeclarations(
  declaration: ConnectionDeclaration,
  earlier: ConnectionView,
  earlierName: string,
): readonly string[] {
  const differences = [
    ...rolesBetween(earlier, declaration, `in ${earlierName}`, 'here'),
    ...tagsBetween(earlier.tags ?? [], declaration.tags, `in ${earlierName}`, 'here'),
  ];
  return differences.length === 0
    ? []
    : [`declares the same connection as ${earlierName}, with other content: ${differences.join('; ')}`];
}

/** Why a file must not contain two live connections with the same identity. */
export function secondLiveInFile(
  connection: ConnectionView,
  earlier: ConnectionView,
  earlierName: string,
): string {
  return `${sameIdentity(connection)} as ${earlierName}, ${earlier.id}, which is ${earlier.status} as well`;
}

/** Why a live connection can't be imported when the store has another live one with the same identity. */
export function secondLiveInStore(
  connection: ConnectionView,
  live: Pick<Connection, 'id' | 'status'>,
): string {
  return `${sameIdentity(connection)} as ${live.id}, which is ${live.status} here`;
}

function sameIdentity({
  status,
  environmentAccountId,
  managementAccountId,
  environmentName,
  region,
}: ConnectionView): string {
  return `is ${status} for the same accounts (${environmentAccountId} and ${managementAccountId}), Region (${region}) and environment (${environmentName})`;
}
