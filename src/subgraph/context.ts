import type { ProtonService, ProtonSession, SessionOptions } from '../proton/proton-service';
import type { Viewer } from '../proton/viewer';
import { createLoaders, type Loaders } from './loaders';

/** What every resolver gets: the viewer's session with the service, and the loaders that batch its reads. */
export interface SubgraphContext {
  readonly session: ProtonSession;
  readonly loaders: Loaders;
  /** Is told what a payload does not say: why a call could not be carried out. */
  readonly reportFault: (error: unknown) => void;
}

/** One context is for one request: loaders remember what they read. */
export function createContext(
  service: ProtonService,
  viewer: Viewer,
  reportFault: (error: unknown) => void,
  options?: SessionOptions,
): SubgraphContext {
  const session = service.session(viewer, options);
  return { session, loaders: createLoaders(session), reportFault };
}
