import type { AccountId, Region } from '../proton/identifiers';
import type { ProtonService } from '../proton/proton-service';
import type { ProtonReport } from './error-mapping';
import { createStatusPolling } from './polling/status-polling';
import { createListCache } from './reads/list';
import { SdkSession } from './sdk-session';
import { createKnownLocations, MAX_CONCURRENT_CALLS } from './session-scope';
import { createProtonClients, type ProtonClientOptions } from './transport/clients';
import { createConcurrencyLimit, createDeadline } from './transport/deadline';

/** `timeoutMs` limits all calls of one session together, starting with its first call. */
export interface SdkProtonServiceOptions extends ProtonClientOptions {
  /** The pause between two looks for changes, while there are subscriptions, in milliseconds. */
  readonly pollIntervalMs: number;
  /** The accounts that have credentials. */
  readonly accounts: readonly AccountId[];
  /** The Regions in which connections are searched for and may be created. */
  readonly regions: readonly Region[];
  /** The Region of a new connection if the input names none. */
  readonly defaultRegion: Region;
  /** The environment account of a new connection if neither the input nor the viewer's permissions determine it. */
  readonly defaultAccountId: AccountId | undefined;
  /** Receives failed calls, for the log. */
  readonly report: (report: ProtonReport) => void;
  /** Receives unexpected errors of subscriptions. */
  readonly reportFault: (error: unknown) => void;
}

export interface SdkProtonService extends ProtonService {
  /** Ends subscriptions, and closes the connections to the endpoint. Call it once no session is in use. */
  readonly close: () => void;
}

/** The port over a Proton endpoint, through the AWS SDK. The connections it returns lack what AWS's responses do not contain. */
export function createSdkProtonService({
  accounts,
  regions,
  defaultRegion,
  defaultAccountId,
  report,
  reportFault,
  pollIntervalMs,
  ...clientOptions
}: SdkProtonServiceOptions): SdkProtonService {
  const clients = createProtonClients(clientOptions);
  const knownLocations = createKnownLocations();
  const listCache = createListCache();
  const { timeoutMs } = clientOptions;
  const polling = createStatusPolling({
    clients,
    report,
    reportFault,
    accounts,
    regions,
    timeoutMs,
    knownLocations,
    intervalMs: pollIntervalMs,
  });
  return {
    session: (viewer, { signal } = {}) =>
      new SdkSession({
        viewer,
        deadline: createDeadline(timeoutMs, signal),
        clients,
        limit: createConcurrencyLimit(MAX_CONCURRENT_CALLS),
        report,
        accounts,
        regions,
        defaultRegion,
        defaultAccountId,
        knownLocations,
        listCache,
      }),
    watchStatusChanges: polling.watchStatusChanges,
    close() {
      polling.close();
      clients.close();
    },
  };
}
