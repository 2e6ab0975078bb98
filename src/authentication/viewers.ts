import { unrestrictedViewer, type Viewer } from '../proton/viewer';
import type { Authentication } from './authentication';
import { NO_PERMISSIONS } from './user/accounts-claim';

export type { Viewer } from '../proton/viewer';

/** What the history names where nobody had to prove anything. */
const ANONYMOUS = unrestrictedViewer('anonymous');

/** What it names where the router alone did: it is trusted to have judged the person. */
const ROUTER = unrestrictedViewer('router');

/** A router that speaks for itself, where persons must prove who they are: it sees nothing and may do nothing. */
export const ROUTER_FOR_ITSELF: Viewer = { ...NO_PERMISSIONS, subject: ROUTER.subject };

/** Who only looks at what is for everyone. */
export const NOBODY: Viewer = { ...NO_PERMISSIONS, subject: 'nobody' };

/** On whose behalf requests are answered where persons need not prove who they are. */
export function viewerWithoutPerson({ router }: Pick<Authentication, 'router'>): Viewer {
  return router ? ROUTER : ANONYMOUS;
}
