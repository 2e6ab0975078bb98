import { ProtonFailure } from '../proton/failure';
import type { AccountId, Region } from '../proton/identifiers';
import type { ProtonService, ProtonSession, SessionOptions } from '../proton/proton-service';
import { parseCreate } from '../proton/validation/parse-inputs';
import { ownAccount, type Viewer } from '../proton/viewer';
import { createCalls } from './calls';
import { createProtonClients, type ClientTuning } from './transport/clients';
import type { CredentialProvider } from './transport/credentials';
import { createDeadline } from './transport/deadline';
import { readCodebuildRoles, readTags } from './reads/details';
import type { ProtonReport } from './error-mapping';
import { CALLS_AT_ONCE, findConnections } from './reads/find';
import type { AroundAttempt } from './transport/http-handler';
import { createHomes } from './session-scope';
import { createListKnowledge, listConnections } from './reads/list';
import { askableAccounts } from './session-scope';
import { createSlots } from './transport/concurrency';
import {
  acceptConnection,
  createConnection,
  deleteConnection,
  rejectConnection,
  tagConnection,
  untagConnection,
  updateConnection,
  type WriteWork,
} from './writes';

export interface SdkProtonServiceParts {
  /** Undefined where the SDK finds it by itself. */
  readonly endpointUrl: string | undefined;
  /** The accounts that there are credentials for. */
  readonly accounts: readonly AccountId[];
  /** Where connections are looked for, and may be created. */
  readonly regions: readonly Region[];
  /** Where a connection lives whose creation names no Region. */
  readonly defaultRegion: Region;
  /** The environment account of a creation that points to none; undefined where there is none such. */
  readonly defaultAccountId: AccountId | undefined;
  /** How long one session may take in all, from its first call. */
  readonly timeoutMs: number;
  /** Is asked once for each account, and again when Proton would not have what it gave. */
  readonly credentialsFor: (accountId: AccountId) => CredentialProvider;
  /** Is told what Proton said. */
  readonly report: (report: ProtonReport) => void;
  /** Is told what the SDK would otherwise print. */
  readonly warn: (warning: string) => void;
  /** Sends what the SDK sends; left out, nothing is to be seen of it. */
  readonly around?: AroundAttempt | undefined;
  readonly tuning?: Partial<ClientTuning> | undefined;
}

export interface SdkProtonService extends ProtonService {
  /** Gives back the connections to the endpoint, once no call is under way. */
  readonly close: () => void;
}

/** The port over any Proton endpoint, through the AWS SDK. Its connections leave out what AWS's answers do not carry. */
export function createSdkProtonService({
  endpointUrl,
  accounts,
  regions,
  defaultRegion,
  defaultAccountId,
  timeoutMs,
  credentialsFor,
  report,
  warn,
  around,
  tuning,
}: SdkProtonServiceParts): SdkProtonService {
  const clients = createProtonClients({ endpointUrl, timeoutMs, credentialsFor, warn, around, tuning });
  const homes = createHomes();
  const lists = createListKnowledge();

  function session(viewer: Viewer, { signal: client }: SessionOptions = {}): ProtonSession {
    const deadline = createDeadline(timeoutMs, client);
    const slots = createSlots(CALLS_AT_ONCE);
    const askable = askableAccounts(viewer, accounts);

    const within = <Answer>(work: (parts: WriteWork) => Promise<Answer>): Promise<Answer> =>
      deadline.within((signal) => {
        const calls = createCalls({ clients, slots, report }, signal);
        return work({ calls, signal, viewer, askable, accounts, regions, homes });
      });

    return {
      findConnections: (references) => within((work) => findConnections(work, references)),

      listConnections: (requests) => within((work) => listConnections(work, lists, requests)),

      readTags: (connections) => within((work) => readTags(work, connections)),
      readCodebuildRoles: (connections) => within((work) => readCodebuildRoles(work, connections)),

      // AWS counts no connections and keeps no history of them.
      countConnections: (selections) => Promise.resolve(selections.map(() => null)),
      listHistory: (requests) => Promise.resolve(requests.map(() => null)),

      async createConnection(input) {
        const request = parseCreate(input, {
          region: defaultRegion,
          environmentAccountId: ownAccount(viewer) ?? defaultAccountId,
        });
        if (!regions.includes(request.region)) throw regionNotServed(regions);
        return within((work) => createConnection(work, request));
      },

      updateConnection: (input) => within((work) => updateConnection(work, input)),
      acceptConnection: (input) => within((work) => acceptConnection(work, input)),
      rejectConnection: (input) => within((work) => rejectConnection(work, input)),
      deleteConnection: (input) => within((work) => deleteConnection(work, input)),
      tagConnection: (input) => within((work) => tagConnection(work, input)),
      untagConnection: (input) => within((work) => untagConnection(work, input)),
    };
  }

  return { session, close: clients.close };
}

/** What was created elsewhere would not be found again. */
function regionNotServed(regions: readonly Region[]): ProtonFailure {
  return ProtonFailure.invalid([
    { path: ['region'], message: `must be one that this service looks after: ${regions.join(', ')}` },
  ]);
}
