import type { KeyObject } from 'node:crypto';

import type { Logger } from 'pino';

import type { AccessKeys } from '../control-plane/access-keys/access-keys';
import type { ArrivingBodies } from '../http/body/body-budget';
import type { Admission } from '../http/hooks/admission-queue';
import type { Checks } from '../http/readiness';
import type { ServerLifecycle } from '../http/lifecycle/server-lifecycle';
import type { ServerTiming } from '../http/lifecycle/server-options';
import type { ProtonService } from '../proton/proton-service';
import type { Telemetry } from '../telemetry/telemetry';

/** Is told of what goes wrong on our side, and in which request, if it was in one. */
export type ReportFault = (error: unknown, requestId?: string) => void;

/** Where connections are kept, and what comes along with that. */
export interface BackEnd {
  readonly proton: ProtonService;
  /** The control plane's front door for AWS clients, where it is in this process and open. */
  readonly endpoint: ServerLifecycle | undefined;
  /** The access keys in its store; undefined where there is none. */
  readonly accessKeysUnder: ((encryptionKey: KeyObject) => AccessKeys) | undefined;
  /** What must be well for it to serve. */
  readonly checks: Checks;
  /** @param patienceMs for which what is left to be written may take, in milliseconds; nobody waits for its answer any more */
  readonly close: (patienceMs: number) => Promise<void>;
}

/** What all servers for clients have in common. */
export interface Traffic {
  readonly admission: Admission;
  readonly arrivingBodies: ArrivingBodies;
  readonly timing: ServerTiming;
  /** How long the execution of a request may take, in milliseconds. */
  readonly executionMs: number;
}

/** What a back end is put together with. */
export interface Surroundings {
  readonly telemetry: Telemetry;
  readonly traffic: Traffic;
  readonly logger: Logger;
  readonly reportFault: ReportFault;
}
