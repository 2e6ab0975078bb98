import type { ConnectionView } from './connection';
import type { ProtonSession, SessionOptions } from './proton-service';
import type { Viewer } from './viewer';

/** Carries out a call, and may look at what becomes of it. It answers what the call answers, and fails as it fails. */
export type Around = <Answer>(operation: string, call: () => Promise<Answer>) => Promise<Answer>;

/** Whatever opens sessions. */
interface SessionSource<Shown extends ConnectionView, Options extends SessionOptions> {
  readonly session: (viewer: Viewer, options?: Options) => ProtonSession<Shown>;
}

/**
 * A service whose every call is carried out by `around`, under the name of the method.
 *
 * Sessions are short: one a request. So their methods are named here one by one, which costs less than a proxy would.
 */
export function observeProtonService<Shown extends ConnectionView, Options extends SessionOptions>(
  service: SessionSource<Shown, Options>,
  around: Around,
): SessionSource<Shown, Options> {
  return {
    session: (viewer, options) => observeSession(service.session(viewer, options), around),
  };
}

function observeSession<Shown extends ConnectionView>(
  session: ProtonSession<Shown>,
  around: Around,
): ProtonSession<Shown> {
  return {
    findConnections: (references) => around('findConnections', () => session.findConnections(references)),
    listConnections: (requests) => around('listConnections', () => session.listConnections(requests)),
    readTags: (connections) => around('readTags', () => session.readTags(connections)),
    readCodebuildRoles: (connections) =>
      around('readCodebuildRoles', () => session.readCodebuildRoles(connections)),
    countConnections: (selections) => around('countConnections', () => session.countConnections(selections)),
    listHistory: (requests) => around('listHistory', () => session.listHistory(requests)),
    createConnection: (input) => around('createConnection', () => session.createConnection(input)),
    updateConnection: (input) => around('updateConnection', () => session.updateConnection(input)),
    acceptConnection: (input) => around('acceptConnection', () => session.acceptConnection(input)),
    rejectConnection: (input) => around('rejectConnection', () => session.rejectConnection(input)),
    deleteConnection: (input) => around('deleteConnection', () => session.deleteConnection(input)),
    tagConnection: (input) => around('tagConnection', () => session.tagConnection(input)),
    untagConnection: (input) => around('untagConnection', () => session.untagConnection(input)),
  };
}
