import { createHash } from 'node:crypto';

import type { Connection } from '../../proton/connection';
import { isConnectionId } from '../../proton/identifiers';
import { clientTokenUsed, liveConnectionExists, quotaReached } from '../../proton/failure-messages';
import type { CreateConnectionRequest } from '../../proton/validation/parse-inputs';
import type { ClientToken, CreateState, Decision } from '../store';
import { eventOf, refuse, type DecisionContext } from './decision-context';

/** How long a client token makes a create idempotent. Proton's documentation says 8 hours. */
export const CLIENT_TOKEN_LIFETIME_MS = 8 * 60 * 60 * 1000;

/**
 * The caller has checked that the viewer may write to the environment account.
 * @param quota the most connections that one environment account may have in one Region, of every status
 */
export function decideCreate(
  context: DecisionContext,
  request: CreateConnectionRequest,
  clientToken: ClientToken | null,
  quota: number,
) {
  return ({ earlier, live, count }: CreateState): Decision => {
    const { now, newId } = context;
    const { environmentAccountId, managementAccountId, environmentName, region } = request;
    const fingerprint = fingerprintOf(request);
    if (earlier) {
      return earlier.fingerprint === fingerprint
        ? { kind: 'keep', connection: earlier.connection }
        : refuse(clientTokenUsed());
    }
    if (live) return refuse(liveConnectionExists(request, live));
    if (count >= quota) return refuse(quotaReached(request, quota));
    const at = now();
    const id = newId();
    if (!isConnectionId(id)) throw new Error(`newId made ${id}, which is not a UUID`);
    const connection: Connection = {
      id,
      region,
      status: 'PENDING',
      environmentName,
      managementAccountId,
      environmentAccountId,
      roleArn: request.roleArn,
      componentRoleArn: request.componentRoleArn,
      codebuildRoleArn: request.codebuildRoleArn,
      requestedAt: at,
      lastModifiedAt: at,
      tags: request.tags.map(({ key, value }) => ({ key, value })),
    };
    return {
      kind: 'insert',
      connection,
      event: eventOf(context, 'CREATED', at, {
        connectionId: connection.id,
        previousStatus: null,
        status: 'PENDING',
      }),
      clientToken: clientToken && { ...clientToken, fingerprint, createdAt: at },
    };
  };
}

/**
 * A hash of the parameters that two calls with the same token must share. Environment account and Region are the token's scope, so
 * they are left out. The order of tags does not matter.
 */
function fingerprintOf(request: CreateConnectionRequest): string {
  const { managementAccountId, environmentName, roleArn, componentRoleArn, codebuildRoleArn } = request;
  const tags = request.tags
    .map(({ key, value }) => [key, value])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  const parameters = [
    managementAccountId,
    environmentName,
    roleArn,
    componentRoleArn,
    codebuildRoleArn,
    tags,
  ];
  return createHash('sha256').update(JSON.stringify(parameters)).digest('hex');
}
