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
