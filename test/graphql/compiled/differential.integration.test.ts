import { comparePaths } from '../../support/two-paths';

describe('A prepared document', () => {
  it('gets the same response and the same counters with and without Apollo Server', async () => {
    const { requests, compiled, differences } = await comparePaths({ seed: 20261130, operations: 400 });
    expect(differences).toEqual([]);
    expect(compiled).toBeGreaterThan(requests / 3);
  });
});
