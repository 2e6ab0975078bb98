import { createControlPlane } from '../../support/proton';
import { describeAgainstModel } from './control-plane-against-model.contract';

describeAgainstModel('over SQLite', 2_000, ({ quota }) => {
  const { service, clock, store } = createControlPlane({ quota });
  return Promise.resolve({ service, clock, end: store.close });
});
