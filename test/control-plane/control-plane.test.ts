import { unrestrictedViewer } from '../../src/proton/viewer';
import { createControlPlane } from '../support/proton';
import { describeProtonService } from '../proton/proton-service.contract';

describeProtonService('embedded over SQLite', { keepsHistory: true, counts: true }, ({ quota }) => {
  const { service, store, clock } = createControlPlane({ quota });
  return Promise.resolve({ service, clock, close: store.close });
});

describeProtonService(
  'embedded over a store that answers later',
  { keepsHistory: true, counts: true },
  ({ quota }) => {
    const { service, store, clock } = createControlPlane({ quota, waitsForStore: true });
    return Promise.resolve({ service, clock, close: store.close });
  },
);

it('reads nothing for the longest pending connections of a filter by other statuses', async () => {
  const statements: string[] = [];
  const { service, store } = createControlPlane({ trace: (statement) => statements.push(statement) });
  const session = service.session(unrestrictedViewer('someone'));
  statements.length = 0;
  expect(await session.listLongestPending([{ filter: { statuses: ['CONNECTED', 'REJECTED'] } }])).toEqual([
    [],
  ]);
  expect(statements).toEqual([]);
  await session.listLongestPending([{}]);
  expect(statements).not.toEqual([]);
  await store.close();
});
