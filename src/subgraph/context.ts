import { instrumentSession } from '../proton/instrument-session';
import type { ProtonService, ProtonSession, SessionOptions } from '../proton/proton-service';
import type { Viewer } from '../proton/viewer';
import { createLoaders, type Loaders } from './loaders';

/** What every resolver gets: the viewer's session with the service, and the loaders that batch its reads. */
export interface SubgraphContext {
  readonly session: ProtonSession;
  readonly loaders: Loaders;
  /** Is told what a payload does not say: why a call could not be carried out. */
  readonly reportFault: (error: unknown) => void;
  /** Is told the code of a failure that is answered as data. */
  readonly noteFailure: (code: string) => void;
}

/** How a context learns that its request has ended, perhaps before the response is complete. */
export interface RequestEnd extends SessionOptions {
  /** Whether the request has ended. Checked before each call; a signal per request would cost more. */
  readonly isOver?: () => boolean;
}

/** One context is for one request: loaders remember what they read. Who serves the request may have failures noted. */
export function createContext(
  service: ProtonService,
  viewer: Viewer,
  reportFault: (error: unknown) => void,
  requestEnd: RequestEnd = {},
): SubgraphContext {
  const session = instrumentSession(service.session(viewer, requestEnd), requestEnd);
  return { session, loaders: createLoaders(session), reportFault, noteFailure: () => undefined };
}
