import { randomUUID } from 'node:crypto';

import type { ConnectionView } from '../../proton/connection';
import { ProtonFailure } from '../../proton/failure';
import { clientTokenUsed, liveConnectionExists, quotaReached } from '../../proton/failure-messages';
import { MAX_PAGE_SIZE } from '../../proton/page';
import type { CreateConnectionRequest } from '../../proton/validation/parse-inputs';
import { rejectedByProton } from '../error-mapping';
import { admit, type SessionScope } from '../session-scope';
import type { CallTarget } from '../transport/clients';
import { admitWritten, checkMayCreate, givenRoles, targetFor } from './write-scope';

/** Creates a connection. */
export async function createConnection(
  scope: SessionScope,
  request: CreateConnectionRequest,
): Promise<ConnectionView> {
  const { environmentAccountId, region, managementAccountId, environmentName, tags, clientToken } = request;
  checkMayCreate(scope, request);
  const target = targetFor(scope, environmentAccountId, region);
  const conflict = liveConnectionExists(request, undefined);
  try {
    const created = await scope.calls.create(
      target,
      {
        managementAccountId,
        environmentName,
        ...givenRoles(request),
        ...(tags.length === 0 ? {} : { tags: tags.map(({ key, value }) => ({ key, value })) }),
        // The same token for all attempts that the SDK makes.
        clientToken: clientToken ?? randomUUID(),
      },
      {
        ConflictException: () => conflict,
        ServiceQuotaExceededException: () => quotaReached(request, undefined),
        ValidationException: (message) =>
          clientToken !== null && /token|idempoten/i.test(message) ? clientTokenUsed() : rejectedByProton(),
      },
    );
    return admitWritten(scope, environmentAccountId, created);
  } catch (failure) {
    if (failure !== conflict) throw failure;
    throw liveConnectionExists(request, await findLiveConnection(scope, request, target));
  }
}

/**
 * Finds the connection that conflicts with a new one, to name it in the message. The viewer may see it, because it has the same
 * environment account. Undefined if it can't be found.
 */
async function findLiveConnection(
  scope: SessionScope,
  { environmentName, managementAccountId }: CreateConnectionRequest,
  target: CallTarget,
): Promise<ConnectionView | undefined> {
  const source = {
    ...target,
    role: 'ENVIRONMENT_ACCOUNT',
    environmentName,
    statuses: ['PENDING', 'CONNECTED'],
  } as const;
  try {
    const { items } = await scope.calls.list(source, { maxResults: MAX_PAGE_SIZE, nextToken: undefined });
    return items
      .map((connection) => admit(scope, target, connection))
      .find((connection) => connection?.managementAccountId === managementAccountId);
  } catch (failure) {
    // The conflict is certain; without the list, only its connection's id is unknown.
    if (failure instanceof ProtonFailure) return undefined;
    throw failure;
  }
}
