import { accountViewer } from '../../../src/proton/viewer';
import { asyncStore } from '../../support/async-store';
import { account } from '../../support/proton';
import { comparePaths } from '../../support/two-paths';

describe('A prepared document', () => {
  it('gets the same response and the same counters with and without Apollo Server', async () => {
    const { requests, compiled, differences } = await comparePaths({ seed: 20261130, operations: 200 });
    expect(differences).toEqual([]);
    expect(compiled).toBeGreaterThan(requests / 3);
  });

  it('does so over a store that answers later, too', async () => {
    const { requests, compiled, differences } = await comparePaths({
      seed: 20261201,
      operations: 60,
      wrapStore: asyncStore,
    });
    expect(differences).toEqual([]);
    expect(compiled).toBeGreaterThan(requests / 3);
  });

  it('does so for a viewer of one account', async () => {
    const { requests, compiled, differences } = await comparePaths({
      seed: 20261202,
      operations: 60,
      viewer: accountViewer(account('111111111111')),
    });
    expect(differences).toEqual([]);
    expect(compiled).toBeGreaterThan(requests / 3);
  });
});
