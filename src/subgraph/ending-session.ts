import type { ProtonSession, SessionOptions } from '../proton/proton-service';

/** When a request is over before its answer is there. */
export interface Ending extends SessionOptions {
  /** Whether it is over. Asked for before each call, where a signal would have to be made for each request. */
  readonly isOver?: () => boolean;
}

/** Why a call was not made. Nobody reads it: the request has been answered. */
export class RequestOver extends Error {
  override readonly name = 'RequestOver';

  constructor() {
    super('the request is over');
  }
}

/**
 * A session that carries out nothing any more once its request is over: resolvers that go on are refused, and a document's next
 * mutation with them.
 */
export function endWith(session: ProtonSession, { isOver }: Ending): ProtonSession {
  return isOver ? new EndingSession(session, isOver) : session;
}

/** A class, for one is made for each request, where an object of thirteen functions would be dearer. */
class EndingSession implements ProtonSession {
  constructor(
    private readonly session: ProtonSession,
    private readonly isOver: () => boolean,
  ) {}

  private unlessOver<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    return this.isOver() ? Promise.reject(new RequestOver()) : call();
  }

  findConnections(references: Input<'findConnections'>): ReturnType<ProtonSession['findConnections']> {
    return this.unlessOver(() => this.session.findConnections(references));
  }

  listConnections(requests: Input<'listConnections'>): ReturnType<ProtonSession['listConnections']> {
    return this.unlessOver(() => this.session.listConnections(requests));
  }

  readTags(connections: Input<'readTags'>): ReturnType<ProtonSession['readTags']> {
    return this.unlessOver(() => this.session.readTags(connections));
  }

  readCodebuildRoles(
    connections: Input<'readCodebuildRoles'>,
  ): ReturnType<ProtonSession['readCodebuildRoles']> {
    return this.unlessOver(() => this.session.readCodebuildRoles(connections));
  }

  countConnections(selections: Input<'countConnections'>): ReturnType<ProtonSession['countConnections']> {
    return this.unlessOver(() => this.session.countConnections(selections));
  }

  listHistory(requests: Input<'listHistory'>): ReturnType<ProtonSession['listHistory']> {
    return this.unlessOver(() => this.session.listHistory(requests));
  }

  createConnection(input: Input<'createConnection'>): ReturnType<ProtonSession['createConnection']> {
    return this.unlessOver(() => this.session.createConnection(input));
  }

  updateConnection(input: Input<'updateConnection'>): ReturnType<ProtonSession['updateConnection']> {
    return this.unlessOver(() => this.session.updateConnection(input));
  }

  acceptConnection(input: Input<'acceptConnection'>): ReturnType<ProtonSession['acceptConnection']> {
    return this.unlessOver(() => this.session.acceptConnection(input));
  }

  rejectConnection(input: Input<'rejectConnection'>): ReturnType<ProtonSession['rejectConnection']> {
    return this.unlessOver(() => this.session.rejectConnection(input));
  }

  deleteConnection(input: Input<'deleteConnection'>): ReturnType<ProtonSession['deleteConnection']> {
    return this.unlessOver(() => this.session.deleteConnection(input));
  }

  tagConnection(input: Input<'tagConnection'>): ReturnType<ProtonSession['tagConnection']> {
    return this.unlessOver(() => this.session.tagConnection(input));
  }

  untagConnection(input: Input<'untagConnection'>): ReturnType<ProtonSession['untagConnection']> {
    return this.unlessOver(() => this.session.untagConnection(input));
  }
}

type Input<Method extends keyof ProtonSession> = Parameters<ProtonSession[Method]>[0];
