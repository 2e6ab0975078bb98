import type { KeyObject } from 'node:crypto';

import type { Logger } from 'pino';

import type { AccessKeys } from '../control-plane/access-keys/access-keys';
import type { EventDelivery } from '../events/event-delivery';
import type { BodyReader } from '../http/body/body-budget';
import type { Admission } from '../http/hooks/admission-queue';
import type { Checks } from '../http/admin-server';
import type { ServerLifecycle } from '../http/lifecycle/server-lifecycle';
import type { ServerTiming } from '../http/lifecycle/server-options';
import type { ProtonService } from '../proton/proton-service';
import type { Telemetry } from '../telemetry/telemetry';

/** Logs an error of the server, with the id of the request in which it happened. */
export type ReportFault = (error: unknown, requestId?: string) => void;

/** The Proton service behind the schema, and what comes with it. */
export interface BackEnd {
  readonly proton: ProtonService;
  /** The server for AWS clients; undefined when the control plane is remote or the server is turned off. */
  readonly awsServer: ServerLifecycle | undefined;
  /** The access keys in the store; undefined when there is no store. */
  readonly accessKeysUnder: ((encryptionKey: KeyObject) => AccessKeys) | undefined;
  /** Sends status changes to other systems; undefined when none is configured. */
  readonly events: EventDelivery | undefined;
  /** The readiness checks. */
  readonly checks: Checks;
  /** @param timeoutMs how long pending writes may take; by now no client waits for their results */
  readonly close: (timeoutMs: number) => Promise<void>;
}

/** What the servers for clients share. */
export interface Traffic {
  readonly admission: Admission;
  readonly bodyReader: BodyReader;
  readonly timing: ServerTiming;
  /** How long the execution of a request may take, in milliseconds. */
  readonly executionMs: number;
}

export interface BackEndDependencies {
  readonly telemetry: Telemetry;
  readonly traffic: Traffic;
  readonly logger: Logger;
  readonly reportFault: ReportFault;
}
