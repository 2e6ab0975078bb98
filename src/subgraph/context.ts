import { instrumentSession } from '../proton/instrument-session';
import type { ProtonService, ProtonSession, SessionOptions } from '../proton/proton-service';
import type { Viewer } from '../proton/viewer';
import { createLoaders, type Loaders } from './loaders';

/** The context of every resolver: the viewer's session with the service, and the loaders that batch its reads. */
export interface SubgraphContext {
  readonly session: ProtonSession;
  readonly loaders: Loaders;
  /** Logs the error behind a retryable failure. The payload does not show it. */
  readonly reportFault: (error: unknown) => void;
  /** Receives the code of a failure that a payload returns as data. */
  readonly noteFailure: (code: string) => void;
}

/** How a context learns that its request has ended, perhaps before the response is complete. */
export interface RequestEnd extends SessionOptions {
  /** Whether the request has ended. Checked before each call; a signal per request would cost more. */
  readonly isOver?: () => boolean;
}

/** Creates the context of one request. Loaders cache what they read, so a context must not be shared by requests. */
export function createContext(
  service: ProtonService,
  viewer: Viewer,
  reportFault: (error: unknown) => void,
  requestEnd: RequestEnd = {},
): SubgraphContext {
  const session = instrumentSession(service.session(viewer, requestEnd), requestEnd);
  return { session, loaders: createLoaders(session), reportFault, noteFailure: () => undefined };
}
