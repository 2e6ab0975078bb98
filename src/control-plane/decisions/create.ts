import { createHash } from 'node:crypto';

import type { Connection } from '../../proton/connection';
import { isConnectionId } from '../../proton/identifiers';
import { clientTokenUsed, liveConnectionExists, quotaReached } from '../../proton/failure-messages';
import type { CreateConnectionRequest } from '../../proton/validation/parse-inputs';
import type { ClientToken, CreateFacts, Decision } from '../store';
import { eventOf, refuse, type Author } from './decision-context';

/** For how long a client token stands for the call it came with. From Proton's documentation: 8 hours. */
export const CLIENT_TOKEN_LIFETIME_MS = 8 * 60 * 60 * 1000;

/**
 * Whether the author may write to the environment account has been judged.
 * @param quota connections that one environment account may have in one Region, of every status
 */
export function decideCreate(
  author: Author,
  request: CreateConnectionRequest,
  clientToken: ClientToken | null,
  quota: number,
) {
  return ({ earlier, live, count }: CreateFacts): Decision => {
    const { now, newId } = author;
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
    if (!isConnectionId(id)) throw new Error(`newId made ${id}, which is no UUID`);
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
      event: eventOf(author, 'CREATED', at, {
        connectionId: connection.id,
        previousStatus: null,
        status: 'PENDING',
      }),
      clientToken: clientToken && { ...clientToken, fingerprint, createdAt: at },
    };
  };
}

/**
 * Of the parameters that two calls with one token must share. The token's scope, environment account and Region, is not among
 * them; the order of tags does not matter.
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
