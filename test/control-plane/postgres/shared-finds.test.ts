import { randomUUID } from 'node:crypto';

import { StoredConnection } from '../../../src/proton/connection';
import type { ConnectionTuple } from '../../../src/control-plane/connection-rows';
import { shareFinds } from '../../../src/control-plane/postgres/queries/shared-finds';
import type { ConnectionId } from '../../../src/proton/identifiers';
import { ENVIRONMENT, MANAGEMENT, region } from '../../support/proton';

const newIds = (count: number) => Array.from({ length: count }, () => randomUUID() as ConnectionId);

function connectionWith(id: ConnectionId): StoredConnection {
  const row: ConnectionTuple = [
    ...([id, region('us-east-1'), 'PENDING', 'production', MANAGEMENT, ENVIRONMENT] as const),
    ...([null, null, null, 1, 1, '[]'] as const),
  ];
  return new StoredConnection(row);
}

describe('Reads by id of one turn of the event loop', () => {
  /** Finds every id but the missing one. */
  function finding(missing?: ConnectionId) {
    const find = jest.fn((ids: readonly ConnectionId[]) =>
      Promise.resolve(ids.filter((id) => id !== missing).map(connectionWith)),
    );
    return { find, shared: shareFinds(find) };
  }
  const idsOf = (connections: readonly StoredConnection[]) => connections.map(({ id }) => id);

  it('share a statement, and each has its own rows', async () => {
    const [one, two, three, missing] = newIds(4) as [ConnectionId, ConnectionId, ConnectionId, ConnectionId];
    const { find, shared } = finding(missing);
    const results = await Promise.all([
      shared([one, two], 'every'),
      shared([two, missing], 'every'),
      shared([three], 'every'),
    ]);
    expect(results.map(idsOf)).toEqual([[one, two], [two], [three]]);
    expect(find.mock.calls).toEqual([[[one, two, missing, three], 'every']]);
  });

  it('share none with reads that may see other accounts', async () => {
    const [id] = newIds(1) as [ConnectionId];
    const { find, shared } = finding();
    await Promise.all([shared([id], [MANAGEMENT]), shared([id], [ENVIRONMENT]), shared([id], 'every')]);
    expect(find.mock.calls).toEqual([
      [[id], [MANAGEMENT]],
      [[id], [ENVIRONMENT]],
      [[id], 'every'],
    ]);
  });

  it('share none with reads of a later turn, which may follow a write', async () => {
    const { find, shared } = finding();
    await shared(newIds(1), 'every');
    await shared(newIds(1), 'every');
    expect(find).toHaveBeenCalledTimes(2);
  });

  it('share statements of at most 200 ids', async () => {
    const { find, shared } = finding();
    await Promise.all([
      shared(newIds(150), 'every'),
      shared(newIds(100), 'every'),
      shared(newIds(300), 'every'),
    ]);
    expect(find.mock.calls.map(([ids]) => ids.length).sort((a, b) => a - b)).toEqual([100, 150, 300]);
  });

  it('fail together', async () => {
    const shared = shareFinds(() => Promise.reject(new Error('the server is away')));
    const results = await Promise.allSettled([shared(newIds(1), 'every'), shared(newIds(1), 'every')]);
    expect(results).toEqual([
      { status: 'rejected', reason: new Error('the server is away') },
      { status: 'rejected', reason: new Error('the server is away') },
    ]);
  });
});
