import { ProtonFailure } from '../../src/proton/failure';
import type {
  ConnectionStatusChange,
  StatusChangeListener,
  StatusChangeSource,
} from '../../src/proton/status-changes';
import {
  accountViewer,
  unrestrictedViewer,
  viewerWithoutPermissions,
  type Viewer,
} from '../../src/proton/viewer';
import { ENVIRONMENT, MANAGEMENT, region, STRANGER } from '../support/proton';
import { createSdkService, startSignedEndpoint, type SignedEndpoint } from '../support/sdk-service';

const EVERYONE = unrestrictedViewer('everyone');

/** Collects what a listener hears. */
interface Heard {
  readonly listener: StatusChangeListener;
  readonly changes: readonly ConnectionStatusChange[];
  /** Resolves when this many changes were heard. */
  readonly count: (changes: number) => Promise<void>;
  readonly ended: Promise<ProtonFailure>;
}

function listen(): Heard {
  const changes: ConnectionStatusChange[] = [];
  let wake = (): void => undefined;
  let end: (failure: ProtonFailure) => void = () => undefined;
  const ended = new Promise<ProtonFailure>((resolve) => (end = resolve));
  return {
    changes,
    ended,
    listener: {
      changed(more) {
        changes.push(...more);
        wake();
      },
      ended: (failure) => {
        end(failure);
      },
    },
    async count(wanted) {
      while (changes.length < wanted) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

/** Resolves once every later change is heard. @returns a function that ends it */
async function watch(
  { watchStatusChanges }: StatusChangeSource,
  viewer: Viewer,
  { changed, ended }: StatusChangeListener,
): Promise<() => void> {
  let from = Infinity;
  const early: ConnectionStatusChange[] = [];
  const { position, stop } = watchStatusChanges(viewer, {
    ended,
    changed(changes) {
      early.push(...changes);
      const later = changes.filter((change) => change.position > from);
      return later.length > 0 ? changed(later) : undefined;
    },
  });
  try {
    from = await position();
  } catch (failure) {
    stop();
    throw failure;
  }
  const missed = early.filter((change) => change.position > from);
  if (missed.length > 0) throw new Error('a change came before its position was known');
  return stop;
}

const statusesOf = (changes: readonly ConnectionStatusChange[]) =>
  changes.map(({ connection: { environmentName }, previousStatus, status }) => [
    environmentName,
    previousStatus,
    status,
  ]);

const THROTTLING = JSON.stringify({ __type: 'ThrottlingException', message: 'slow down' });

/** Removes a connection from the response of a list. */
function withoutItem(body: string, id: string): string {
  const { environmentAccountConnections: items, ...rest } = JSON.parse(body) as {
    readonly environmentAccountConnections?: readonly { readonly id: string }[];
  };
  if (!items) return body;
  return JSON.stringify({ ...rest, environmentAccountConnections: items.filter((item) => item.id !== id) });
}

describe('Changes of status over the SDK', () => {
  let endpoint: SignedEndpoint;
  /** The status of every response; undefined if the endpoint works. */
  let failing: number | undefined;
  /** The body of such a response. */
  let failure: string;
  /** The id of a connection that lists leave out. */
  let hidden: string | undefined;
  /** The access key whose calls Proton throttles. */
  let throttledKey: string | undefined;
  let throttledCalls: number;
  let callsMade: number;
  let callMade: () => void;

  beforeEach(async () => {
    failing = undefined;
    failure = 'broken';
    hidden = undefined;
    throttledKey = undefined;
    throttledCalls = 0;
    callsMade = 0;
    callMade = () => undefined;
    endpoint = await startSignedEndpoint({
      async around(request, answer) {
        callsMade += 1;
        callMade();
        if (
          throttledKey !== undefined &&
          String(request.headers.get('authorization')).includes(throttledKey)
        ) {
          throttledCalls += 1;
          return { status: 400, headers: {}, body: THROTTLING };
        }
        if (failing !== undefined) return { status: failing, headers: {}, body: failure };
        const response = await answer(request);
        return hidden === undefined ? response : { ...response, body: withoutItem(response.body, hidden) };
      },
    });
  });
  afterEach(() => endpoint.stop());

  const create = (environmentName: string, environmentAccountId = ENVIRONMENT) => {
    endpoint.clock.advance(1);
    return endpoint.service.session(EVERYONE).createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId,
      environmentName,
    });
  };

  /** Resolves after this many more calls. */
  async function moreCalls(count: number): Promise<void> {
    const wanted = callsMade + count;
    while (callsMade < wanted) await new Promise<void>((resolve) => (callMade = resolve));
  }

  /** Creates the adapter with one Region; four lists are one look for two accounts. */
  function adapter({
    accounts = [MANAGEMENT, ENVIRONMENT],
    regions = [region('us-east-1')],
    pollIntervalMs = 10,
  } = {}) {
    return createSdkService({
      endpointUrl: endpoint.origin,
      credentialsFor: endpoint.credentialsFor,
      accounts,
      regions,
      timeoutMs: 2_000,
      pollIntervalMs,
    });
  }

  it('are heard from then on: creation, acceptance, rejection, and deletion with the last state', async () => {
    const { service } = adapter();
    await create('before');
    const heard = listen();
    const stop = await watch(service, EVERYONE, heard.listener);
    const plane = endpoint.service.session(EVERYONE);
    const created = await create('orders');
    await heard.count(1);
    endpoint.clock.advance(1);
    await plane.acceptConnection(created);
    await heard.count(2);
    endpoint.clock.advance(1);
    await plane.rejectConnection(created);
    await heard.count(3);
    await plane.deleteConnection(created);
    await heard.count(4);
    expect(statusesOf(heard.changes)).toEqual([
      ['orders', null, 'PENDING'],
      ['orders', 'PENDING', 'CONNECTED'],
      ['orders', 'CONNECTED', 'REJECTED'],
      ['orders', 'REJECTED', null],
    ]);
    expect(heard.changes.map(({ connection }) => connection.status)).toEqual([
      'PENDING',
      'CONNECTED',
      'REJECTED',
      'REJECTED',
    ]);
    expect(heard.changes.slice(0, 3).map(({ occurredAt }) => occurredAt)).toEqual([
      created.requestedAt,
      created.requestedAt + 1,
      created.requestedAt + 2,
    ]);
    expect(new Set(heard.changes.map(({ eventId }) => eventId)).size).toBe(4);
    stop();
    service.close();
  });

  it('are announced once, although both accounts of a connection list it', async () => {
    const { service } = adapter();
    const heard = listen();
    await watch(service, EVERYONE, heard.listener);
    await create('first');
    await heard.count(1);
    await create('second');
    await heard.count(2);
    expect(statusesOf(heard.changes)).toEqual([
      ['first', null, 'PENDING'],
      ['second', null, 'PENDING'],
    ]);
    service.close();
  });

  it('take one series of looks, whatever the number of subscribers, and none without one', async () => {
    const { service } = adapter({ pollIntervalMs: 3_600_000 });
    const first = listen();
    const stopFirst = await watch(service, EVERYONE, first.listener);
    expect(endpoint.calls.map(({ operation }) => operation)).toEqual(
      Array.from({ length: 4 }, () => 'ListEnvironmentAccountConnections'),
    );
    // Those that come together share the look after which they are accepted.
    const others = Array.from({ length: 20 }, listen);
    const stops = await Promise.all(others.map(({ listener }) => watch(service, EVERYONE, listener)));
    expect(callsMade).toBeLessThanOrEqual(3 * 4);
    stopFirst();
    for (const stop of stops) stop();
    const before = callsMade;
    // The next series begins with a look that announces nothing.
    await create('meanwhile');
    const again = listen();
    const stopAgain = await watch(service, EVERYONE, again.listener);
    expect([callsMade - before, again.changes]).toEqual([4, []]);
    stopAgain();
    service.close();
  });

  it('do not include what happened before a subscriber came, even if it was not yet noticed', async () => {
    const { service } = adapter({ pollIntervalMs: 3_600_000 });
    const early = listen();
    await watch(service, EVERYONE, early.listener);
    await create('orders');
    const late = listen();
    // Its coming causes a look, which notices the change.
    await watch(service, EVERYONE, late.listener);
    expect(statusesOf(early.changes)).toEqual([['orders', null, 'PENDING']]);
    expect(late.changes).toEqual([]);
    service.close();
  });

  it('are looked for only in the accounts that a subscriber may read', async () => {
    const { service } = adapter({ accounts: [MANAGEMENT, ENVIRONMENT, STRANGER] });
    const heard = listen();
    const viewer: Viewer = accountViewer(STRANGER);
    const stop = await watch(service, viewer, heard.listener);
    expect(endpoint.calls.length).toBe(2);
    await create('hidden');
    await create('visible', STRANGER);
    await heard.count(1);
    expect(statusesOf(heard.changes)).toEqual([['visible', null, 'PENDING']]);
    stop();
    const calls = callsMade;
    const nothing = listen();
    await watch(service, viewerWithoutPermissions('none'), nothing.listener);
    expect(callsMade).toBe(calls);
    service.close();
  });

  it('announce nothing when another subscriber brings an account whose connections were there before', async () => {
    const { service } = adapter({ accounts: [MANAGEMENT, ENVIRONMENT, STRANGER] });
    await create('old', STRANGER);
    const one = listen();
    await watch(service, accountViewer(ENVIRONMENT), one.listener);
    const other = listen();
    const stopOther = await watch(service, accountViewer(STRANGER), other.listener);
    stopOther();
    await create('new');
    await one.count(1);
    // The connection of the other account is not looked at any more; that is no deletion.
    expect(statusesOf(one.changes)).toEqual([['new', null, 'PENDING']]);
    expect(other.changes).toEqual([]);
    service.close();
  });

  it('do not include a deletion that Proton does not confirm', async () => {
    const { service } = adapter();
    const created = await create('orders');
    const heard = listen();
    await watch(service, EVERYONE, heard.listener);
    hidden = created.id;
    // Two looks, each with a get of the missing connection.
    await moreCalls(10);
    hidden = undefined;
    endpoint.clock.advance(1);
    await endpoint.service.session(EVERYONE).acceptConnection(created);
    await heard.count(1);
    expect(statusesOf(heard.changes)).toEqual([['orders', 'PENDING', 'CONNECTED']]);
    service.close();
  });

  it('are not lost while Proton fails for a while', async () => {
    const { service, reports } = adapter();
    const heard = listen();
    await watch(service, EVERYONE, heard.listener);
    failing = 400;
    await create('orders');
    await moreCalls(8);
    failing = undefined;
    await heard.count(1);
    expect(statusesOf(heard.changes)).toEqual([['orders', null, 'PENDING']]);
    // One line for each account, however many looks failed.
    expect(reports).toHaveLength(2);
    service.close();
  });

  it('end when Proton fails again and again, and are refused when it fails at the start', async () => {
    const { service } = adapter();
    const heard = listen();
    await watch(service, EVERYONE, heard.listener);
    failing = 400;
    expect(await heard.ended).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    await expect(watch(service, EVERYONE, listen().listener)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    failing = undefined;
    const stop = await watch(service, EVERYONE, listen().listener);
    stop();
    service.close();
  });

  it('come in pages, each when the listener is done with the one before, which delays no other listener', async () => {
    const { service } = adapter({ pollIntervalMs: 3_600_000 });
    const pages: number[] = [];
    let done: () => void = () => undefined;
    let paged: () => void = () => undefined;
    const busy = {
      ...listen().listener,
      changed(changes: readonly ConnectionStatusChange[]) {
        pages.push(changes.length);
        paged();
        return new Promise<void>((resolve) => (done = resolve));
      },
    };
    const heard = listen();
    await watch(service, EVERYONE, busy);
    await watch(service, EVERYONE, heard.listener);
    for (let index = 0; index < 150; index += 1) await create(`e${String(index)}`);
    // Its coming causes a look.
    const late = listen();
    await watch(service, EVERYONE, late.listener);
    await heard.count(150);
    expect(pages).toEqual([64]);
    await create('later');
    await watch(service, EVERYONE, listen().listener);
    await Promise.all([heard.count(151), late.count(1)]);
    expect(pages).toEqual([64]);
    while (pages.length < 4) {
      const next = new Promise<void>((resolve) => (paged = resolve));
      done();
      await next;
    }
    expect(pages).toEqual([64, 64, 22, 1]);
    service.close();
  });

  it('are looked for with a pause, however many subscribers come', async () => {
    const { service } = adapter({ pollIntervalMs: 3_600_000 });
    await watch(service, EVERYONE, listen().listener);
    const start = performance.now();
    const calls = callsMade;
    for (let count = 0; count < 2; count += 1) {
      const stop = await watch(service, EVERYONE, listen().listener);
      stop();
    }
    expect(callsMade - calls).toBe(8);
    expect(performance.now() - start).toBeGreaterThan(400);
    service.close();
  });

  it('are not looked for while Proton throttles, and a subscriber that comes then is refused', async () => {
    const { service } = adapter({ pollIntervalMs: 3_600_000 });
    const stop = await watch(service, EVERYONE, listen().listener);
    failing = 400;
    failure = THROTTLING;
    const refused = { code: 'THROTTLED', retryable: true };
    await expect(watch(service, EVERYONE, listen().listener)).rejects.toMatchObject(refused);
    failing = undefined;
    const calls = callsMade;
    await expect(watch(service, EVERYONE, listen().listener)).rejects.toMatchObject(refused);
    // Nor by a new series of looks.
    stop();
    await expect(watch(service, EVERYONE, listen().listener)).rejects.toMatchObject(refused);
    expect(callsMade).toBe(calls);
    service.close();
  });

  it('are looked for in other accounts while Proton throttles one, and subscribers to those may come', async () => {
    const { service } = adapter({
      accounts: [MANAGEMENT, ENVIRONMENT, STRANGER],
      pollIntervalMs: 3_600_000,
    });
    const { accessKeyId } = await endpoint.credentialsFor(STRANGER)();
    throttledKey = accessKeyId;
    const [stranger, manager] = [accountViewer(STRANGER), accountViewer(MANAGEMENT)];
    const refused = { code: 'THROTTLED', retryable: true };
    await expect(watch(service, stranger, listen().listener)).rejects.toMatchObject(refused);
    const calls = throttledCalls;
    const heard = listen();
    await watch(service, manager, heard.listener);
    await create('orders');
    // It causes the next look.
    await watch(service, manager, listen().listener);
    await heard.count(1);
    await expect(watch(service, stranger, listen().listener)).rejects.toMatchObject(refused);
    expect(throttledCalls).toBe(calls);
    service.close();
  });

  it('end with a report when an unexpected error stops the looks', async () => {
    const regions = [region('us-east-1')];
    const { service, faults } = adapter({ regions });
    const heard = listen();
    await watch(service, EVERYONE, heard.listener);
    const fault = new Error('a bug');
    jest.spyOn(regions, 'flatMap').mockImplementation(() => {
      throw fault;
    });
    expect(await heard.ended).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(faults).toEqual([fault]);
    service.close();
  });

  it('end with a report for a listener that throws, and for no other', async () => {
    const { service, faults } = adapter();
    const fault = new Error('a bug');
    const heard = listen();
    const broken = listen();
    await watch(service, EVERYONE, {
      ...broken.listener,
      changed() {
        throw fault;
      },
    });
    await watch(service, EVERYONE, heard.listener);
    await create('orders');
    expect(await broken.ended).toMatchObject({ code: 'UNAVAILABLE' });
    await create('payments');
    await heard.count(2);
    expect(faults).toEqual([fault]);
    service.close();
  });

  it('end when the adapter is closed, whether they have started or not', async () => {
    const { service } = adapter();
    const heard = listen();
    await watch(service, EVERYONE, heard.listener);
    const starting = watch(service, EVERYONE, listen().listener);
    service.close();
    expect(await heard.ended).toBeInstanceOf(ProtonFailure);
    await expect(starting).rejects.toBeInstanceOf(ProtonFailure);
  });
});
