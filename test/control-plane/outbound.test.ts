import { createControlPlane } from '../support/proton';
import { describeOutbound } from './outbound.contract';

describeOutbound('of a SQLite file', () => {
  const plane = createControlPlane();
  return Promise.resolve({ ...plane, end: plane.store.close });
});
