import { createControlPlane } from '../support/proton';
import { describeProtonService } from '../proton/proton-service.contract';

describeProtonService('embedded over SQLite', { keepsHistory: true, counts: true }, ({ quota }) => {
  const { service, store, clock } = createControlPlane({ quota });
  return Promise.resolve({ service, clock, close: store.close });
});
