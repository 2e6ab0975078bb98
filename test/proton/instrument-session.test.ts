import { instrumentService, instrumentSession, RequestEndedError } from '../../src/proton/instrument-session';
import type { ProtonSession } from '../../src/proton/proton-service';
import { accountViewer } from '../../src/proton/viewer';
import { createControlPlane, ENVIRONMENT, MANAGEMENT, type ControlPlane } from '../support/proton';

const ID = '00000000-0000-4000-8000-000000000000';
const VIEWER = accountViewer(ENVIRONMENT);

/** A call of every method. The compiler requires all of them. */
const CALLS: Readonly<Record<keyof ProtonSession, (session: ProtonSession) => Promise<unknown>>> = {
  findConnections: async (session) => session.findConnections([{ id: ID }]),
  listConnections: async (session) => session.listConnections([{}]),
  readTags: (session) => session.readTags([]),
  readCodebuildRoles: (session) => session.readCodebuildRoles([]),
  countConnections: async (session) => session.countConnections([{}]),
  listHistory: (session) => session.listHistory([]),
  createConnection: (session) =>
    session.createConnection({ managementAccountId: MANAGEMENT, environmentName: 'payments' }),
  updateConnection: (session) => session.updateConnection({ id: ID }),
  acceptConnection: (session) => session.acceptConnection({ id: ID }),
  rejectConnection: (session) => session.rejectConnection({ id: ID }),
  deleteConnection: (session) => session.deleteConnection({ id: ID }),
  tagConnection: (session) => session.tagConnection({ id: ID, tags: [] }),
  untagConnection: (session) => session.untagConnection({ id: ID, tagKeys: [] }),
};

describe('An instrumented session', () => {
  let plane: ControlPlane;

  beforeEach(() => {
    plane = createControlPlane();
  });

  afterEach(() => plane.store.close());

  it('runs every call through `around`, under the name of its method, and returns or rejects as the call does', async () => {
    const operations: string[] = [];
    const service = instrumentService(plane.service, (operation, call) => {
      operations.push(operation);
      return call();
    });
    const session = service.session(VIEWER);
    expect(
      await session.createConnection({ managementAccountId: MANAGEMENT, environmentName: 'a' }),
    ).toMatchObject({
      environmentName: 'a',
    });
    await expect(session.tagConnection({ id: ID, tags: [] })).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    operations.length = 0;
    for (const call of Object.values(CALLS)) await call(session).catch(() => undefined);
    expect(operations).toEqual(Object.keys(CALLS));
  });

  it('makes no call once its request has ended', async () => {
    let ended = false;
    const session = instrumentSession(plane.service.session(VIEWER), { isOver: () => ended });
    expect(await session.countConnections([{}])).toEqual([0]);
    ended = true;
    for (const call of Object.values(CALLS)) await expect(call(session)).rejects.toThrow(RequestEndedError);
    ended = false;
    expect(await session.countConnections([{}])).toEqual([0]);
  });

  it('is the session itself without instrumentation', () => {
    const session = plane.service.session(VIEWER);
    expect(instrumentSession(session, {})).toBe(session);
  });
});
