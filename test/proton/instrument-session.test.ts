import { instrumentService, instrumentSession, RequestEndedError } from '../../src/proton/instrument-session';
import type { ProtonSession } from '../../src/proton/proton-service';
import { accountViewer, unrestrictedViewer } from '../../src/proton/viewer';
import type { CallEvent } from '../../src/telemetry/events';
import { timed } from '../../src/telemetry/spans';
import { createControlPlane, ENVIRONMENT, MANAGEMENT, type ControlPlane } from '../support/proton';

const ID = '00000000-0000-4000-8000-000000000000';
const VIEWER = accountViewer(ENVIRONMENT);
/** Sees everything, so that a list or a count takes a single step, whatever time that takes on a busy machine. */
const EVERYTHING = unrestrictedViewer('someone');

/** A call of every method. The compiler requires all of them. */
const CALLS: Readonly<Record<keyof ProtonSession, (session: ProtonSession) => Promise<unknown>>> = {
  findConnections: async (session) => session.findConnections([{ id: ID }]),
  listConnections: async (session) => session.listConnections([{}]),
  readTags: (session) => session.readTags([]),
  readCodebuildRoles: (session) => session.readCodebuildRoles([]),
  countConnections: async (session) => session.countConnections([{}]),
  listHistory: (session) => session.listHistory([]),
  readActions: async (session) => session.readActions([]),
  readOverview: async (session) => session.readOverview({}),
  listLongestPending: async (session) => session.listLongestPending([{}]),
  listAccounts: async (session) => session.listAccounts({}),
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

describe('A read', () => {
  const observed: CallEvent[] = [];
  const around = timed((call) => observed.push(call));
  const reads: [keyof ProtonSession, (session: ProtonSession) => unknown][] = [
    ['findConnections', (session) => session.findConnections([{ id: ID }])],
    ['listConnections', (session) => session.listConnections([{}])],
    ['countConnections', (session) => session.countConnections([{}])],
  ];

  /** A session that is instrumented as a server instruments it: by its telemetry, and by the end of the request. */
  function sessionOf({ service }: ControlPlane) {
    observed.length = 0;
    return instrumentSession(instrumentService(service, around).session(EVERYTHING), { isOver: () => false });
  }

  it.each(reads)(
    'with %s answers at once where the store does, and is observed once',
    async (operation, read) => {
      const plane = createControlPlane();
      const session = sessionOf(plane);
      expect(read(session)).toBeInstanceOf(Array);
      expect(observed).toMatchObject([{ operation, error: undefined }]);

      await plane.store.close();
      expect(() => read(session)).toThrow('not open');
      expect(observed).toMatchObject([{}, { operation, error: 'INTERNAL_SERVER_ERROR' }]);
    },
  );

  it.each(reads)(
    'with %s answers later where the store does, and is observed once',
    async (operation, read) => {
      const plane = createControlPlane({ waitsForStore: true });
      const session = sessionOf(plane);
      const reading = read(session);
      expect(observed).toEqual([]);
      expect(await reading).toBeInstanceOf(Array);
      expect(observed).toMatchObject([{ operation, error: undefined }]);

      await plane.store.close();
      await expect(read(session)).rejects.toThrow('not open');
      expect(observed).toMatchObject([{}, { operation, error: 'INTERNAL_SERVER_ERROR' }]);
    },
  );

  it('of many is observed with the code of the first that failed', async () => {
    const plane = createControlPlane();
    expect(sessionOf(plane).listConnections([{ first: 1 }, { first: 0 }])).toMatchObject([{ items: [] }, {}]);
    expect(observed).toMatchObject([{ operation: 'listConnections', error: 'VALIDATION_ERROR' }]);
    await plane.store.close();
  });
});
