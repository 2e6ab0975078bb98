import type { ProtonService, ProtonSession } from '../proton/proton-service';
import type { Viewer } from '../proton/viewer';
import { endWith, type Ending } from './ending-session';
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

/** One context is for one request: loaders remember what they read. Who serves the request may have failures noted. */
export function createContext(
  service: ProtonService,
  viewer: Viewer,
  reportFault: (error: unknown) => void,
  ending: Ending = {},
): SubgraphContext {
  const session = endWith(service.session(viewer, ending), ending);
  return { session, loaders: createLoaders(session), reportFault, noteFailure: () => undefined };
}
