import type { Around } from '../telemetry/events';
import type { AccountListRequest } from './accounts';
import type { ConnectionView } from './connection';
import type { ConnectionListRequest, ConnectionSelection } from './page';
import type { ConnectionReference } from './identifiers';
import type { LongestPendingRequest, OverviewRequest } from './overview';
import type { HistoryRequest, ProtonSession, SessionOptions, SessionSource } from './proton-service';
import type { StatusChangeSource } from './status-changes';
import type {
  ConnectionIdInput,
  CreateConnectionInput,
  TagConnectionInput,
  UntagConnectionInput,
  UpdateConnectionInput,
} from './validation/inputs';

export interface Instrumentation {
  /** Runs every call; its first argument is the name of the session's method. */
  readonly around?: Around | undefined;
  /** Whether the request has ended. Checked before every call: once it returns true, no call is made. */
  readonly isOver?: (() => boolean) | undefined;
}

/** Rejects a call that comes after its request has ended. The client never sees it, because the response has been sent. */
export class RequestEndedError extends Error {
  override readonly name = 'RequestEndedError';

  constructor() {
    super('the request has ended');
  }
}

/** Returns a service whose sessions run every call through `around`. */
export function instrumentService<View extends ConnectionView, Options extends SessionOptions>(
  service: SessionSource<View, Options> & StatusChangeSource,
  around: Around,
): SessionSource<View, Options> & StatusChangeSource {
  const { watchStatusChanges, prepareWatches } = service;
  return {
    watchStatusChanges,
    ...(prepareWatches && { prepareWatches }),
    session: (viewer, options) => instrumentSession(service.session(viewer, options), { around }),
  };
}

/** Wraps a session. Without any instrumentation it returns the session itself. */
export function instrumentSession<View extends ConnectionView>(
  session: ProtonSession<View>,
  { around, isOver }: Instrumentation,
): ProtonSession<View> {
  return around || isOver ? new InstrumentedSession(session, around, isOver) : session;
}

/** A class: one is created per request, and an object literal with thirteen closures costs more. */
class InstrumentedSession<View extends ConnectionView> implements ProtonSession<View> {
  constructor(
    private readonly session: ProtonSession<View>,
    private readonly around: Around | undefined,
    private readonly isOver: (() => boolean) | undefined,
  ) {}

  findConnections(references: readonly ConnectionReference[]) {
    return this.run('findConnections', () => this.session.findConnections(references));
  }

  listConnections(requests: readonly ConnectionListRequest[]) {
    return this.run('listConnections', () => this.session.listConnections(requests));
  }

  readTags(connections: readonly ConnectionView[]) {
    return this.run('readTags', () => this.session.readTags(connections));
  }

  readCodebuildRoles(connections: readonly ConnectionView[]) {
    return this.run('readCodebuildRoles', () => this.session.readCodebuildRoles(connections));
  }

  countConnections(selections: readonly ConnectionSelection[]) {
    return this.run('countConnections', () => this.session.countConnections(selections));
  }

  listHistory(requests: readonly HistoryRequest[]) {
    return this.run('listHistory', () => this.session.listHistory(requests));
  }

  readActions(connections: readonly ConnectionView[]) {
    return this.run('readActions', () => this.session.readActions(connections));
  }

  readOverview(request: OverviewRequest) {
    return this.run('readOverview', () => this.session.readOverview(request));
  }

  listLongestPending(requests: readonly LongestPendingRequest[]) {
    return this.run('listLongestPending', () => this.session.listLongestPending(requests));
  }

  listAccounts(request: AccountListRequest) {
    return this.run('listAccounts', () => this.session.listAccounts(request));
  }

  createConnection(input: CreateConnectionInput) {
    return this.run('createConnection', () => this.session.createConnection(input));
  }

  updateConnection(input: UpdateConnectionInput) {
    return this.run('updateConnection', () => this.session.updateConnection(input));
  }

  acceptConnection(input: ConnectionIdInput) {
    return this.run('acceptConnection', () => this.session.acceptConnection(input));
  }

  rejectConnection(input: ConnectionIdInput) {
    return this.run('rejectConnection', () => this.session.rejectConnection(input));
  }

  deleteConnection(input: ConnectionIdInput) {
    return this.run('deleteConnection', () => this.session.deleteConnection(input));
  }

  tagConnection(input: TagConnectionInput) {
    return this.run('tagConnection', () => this.session.tagConnection(input));
  }

  untagConnection(input: UntagConnectionInput) {
    return this.run('untagConnection', () => this.session.untagConnection(input));
  }

  private run<Returned>(operation: keyof ProtonSession, call: () => Returned): Returned | Promise<never> {
    if (this.isOver?.()) return Promise.reject(new RequestEndedError());
    return this.around ? this.around(operation, call) : call();
  }
}

/** The calls that one executor makes on a session, for another one that must repeat the operation. */
export interface RecordedSession {
  readonly recording: ProtonSession;
  /** A session that returns the results of recorded calls, each once, and makes the calls that were not recorded. */
  readonly replay: () => ProtonSession;
}

interface RecordedCall {
  readonly method: string | symbol;
  readonly argument: unknown;
  /** Returns what the call returned, or throws what it threw. */
  readonly repeat: () => unknown;
}

/** Records the calls on a session, so that an operation that is executed again neither writes nor counts anything twice. */
export function recordCalls(session: ProtonSession): RecordedSession {
  const calls: RecordedCall[] = [];

  function record(method: string | symbol, argument: unknown, call: () => unknown): unknown {
    try {
      const returned = call();
      calls.push({ method, argument, repeat: () => returned });
      return returned;
    } catch (failure) {
      const repeat = () => {
        throw failure;
      };
      calls.push({ method, argument, repeat });
      throw failure;
    }
  }

  function replay(method: string | symbol, argument: unknown, call: () => unknown): unknown {
    const json = JSON.stringify(argument);
    const index = calls.findIndex((made) => made.method === method && JSON.stringify(made.argument) === json);
    const [recorded] = index === -1 ? [] : calls.splice(index, 1);
    return recorded ? recorded.repeat() : call();
  }

  const through = (handle: typeof record): ProtonSession =>
    new Proxy(session, {
      get: (target, method: string | symbol) => (argument: unknown) => {
        const original = Reflect.get(target, method) as (argument: unknown) => unknown;
        return handle(method, argument, () => original.call(target, argument));
      },
    });
  return { recording: through(record), replay: () => through(replay) };
}
