import { createControlPlane } from '../../support/proton';
import { describeProtonService } from '../proton-service.contract';

describeProtonService('embedded over SQLite', ({ quota }) => {
  const { service, store, clock } = createControlPlane({ quota });
  return Promise.resolve({ service, clock, close: store.close });
});
