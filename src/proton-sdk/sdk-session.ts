import { planAccountList, type AccountListRequest } from '../proton/accounts';
import type { ConnectionView } from '../proton/connection';
import { actingAccount, actionsOn } from '../proton/connection-actions';
import { overviewPeriod, type LongestPendingRequest, type OverviewRequest } from '../proton/overview';
import type { ConnectionListRequest, ConnectionSelection } from '../proton/page';
import { ProtonFailure } from '../proton/failure';
import type { AccountId, ConnectionReference, Region } from '../proton/identifiers';
import type { HistoryRequest, ProtonSession } from '../proton/proton-service';
import type {
  ConnectionIdInput,
  CreateConnectionInput,
  TagConnectionInput,
  UntagConnectionInput,
  UpdateConnectionInput,
} from '../proton/validation/inputs';
import { parseCreate } from '../proton/validation/parse-inputs';
import { namedAccounts, ownAccount, readableAccounts, type Viewer } from '../proton/viewer';
import { createCallRunner, type CallDependencies } from './call-runner';
import { Calls } from './calls';
import { readCodebuildRoles, readTags } from './reads/details';
import { findConnections } from './reads/find';
import { listConnections, type ListCache } from './reads/list';
import { accountsToSearch, type KnownLocations, type SessionScope } from './session-scope';
import type { Deadline } from './transport/deadline';
import {
  acceptConnection,
  deleteConnection,
  rejectConnection,
  tagConnection,
  untagConnection,
  updateConnection,
} from './writes/change';
import { createConnection } from './writes/create';

export interface SdkSessionOptions extends CallDependencies {
  readonly viewer: Viewer;
  readonly deadline: Deadline;
  readonly accounts: readonly AccountId[];
  readonly regions: readonly Region[];
  readonly defaultRegion: Region;
  readonly defaultAccountId: AccountId | undefined;
  readonly knownLocations: KnownLocations;
  readonly listCache: ListCache;
}

/** A session over the AWS SDK. A class, because one is created per request. */
export class SdkSession implements ProtonSession {
  private readonly searchAccounts: ReadonlySet<AccountId>;

  constructor(private readonly options: SdkSessionOptions) {
    this.searchAccounts = accountsToSearch(options.viewer, options.accounts);
  }

  findConnections(references: readonly ConnectionReference[]) {
    return this.run((scope) => findConnections(scope, references));
  }

  listConnections(requests: readonly ConnectionListRequest[]) {
    return this.run((scope) => listConnections(scope, this.options.listCache, requests));
  }

  readTags(connections: readonly ConnectionView[]) {
    return this.run((scope) => readTags(scope, connections));
  }

  readCodebuildRoles(connections: readonly ConnectionView[]) {
    return this.run((scope) => readCodebuildRoles(scope, connections));
  }

  /** Always null: AWS's API does not count connections. */
  countConnections(selections: readonly ConnectionSelection[]) {
    return Promise.resolve(selections.map(() => null));
  }

  /** Always null: AWS's API has no history. */
  listHistory(requests: readonly HistoryRequest[]) {
    return Promise.resolve(requests.map(() => null));
  }

  /** An action takes credentials for the account in whose name it is taken. */
  readActions(connections: readonly ConnectionView[]) {
    const { viewer, accounts } = this.options;
    return connections.map((connection) =>
      actionsOn(viewer, connection).filter((action) => accounts.includes(actingAccount(action, connection))),
    );
  }

  /** Always null: AWS's API neither counts connections nor has their history. */
  readOverview({ weeks }: OverviewRequest) {
    overviewPeriod(weeks, Date.now());
    return null;
  }

  /** Always null, like the overview that they are part of. */
  listLongestPending(requests: readonly LongestPendingRequest[]) {
    return requests.map(() => null);
  }

  /**
   * For a viewer who may read every account: the accounts with credentials, whether or not they have connections. Finding those that
   * occur in connections would take reading all lists to their end.
   */
  listAccounts(request: AccountListRequest) {
    const { viewer, accounts } = this.options;
    const named = namedAccounts(viewer);
    const readable = readableAccounts(viewer) === 'every' ? [...named, ...accounts] : named;
    return planAccountList(request).pageOf(readable);
  }

  async createConnection(input: CreateConnectionInput) {
    const { viewer, regions, defaultRegion, defaultAccountId } = this.options;
    const request = parseCreate(input, {
      region: defaultRegion,
      environmentAccountId: ownAccount(viewer) ?? defaultAccountId,
    });
    if (!regions.includes(request.region)) throw unknownRegion(regions);
    return this.run((scope) => createConnection(scope, request));
  }

  updateConnection(input: UpdateConnectionInput) {
    return this.run((scope) => updateConnection(scope, input));
  }

  acceptConnection(input: ConnectionIdInput) {
    return this.run((scope) => acceptConnection(scope, input));
  }

  rejectConnection(input: ConnectionIdInput) {
    return this.run((scope) => rejectConnection(scope, input));
  }

  deleteConnection(input: ConnectionIdInput) {
    return this.run((scope) => deleteConnection(scope, input));
  }

  tagConnection(input: TagConnectionInput) {
    return this.run((scope) => tagConnection(scope, input));
  }

  untagConnection(input: UntagConnectionInput) {
    return this.run((scope) => untagConnection(scope, input));
  }

  /** Runs an operation within the session's deadline. */
  private run<Result>(operation: (scope: SessionScope) => Promise<Result>): Promise<Result> {
    const { deadline, viewer, accounts, regions, knownLocations } = this.options;
    return deadline.within((signal) =>
      operation({
        calls: new Calls(createCallRunner(this.options, signal)),
        signal,
        viewer,
        accounts,
        searchAccounts: this.searchAccounts,
        regions,
        knownLocations,
      }),
    );
  }
}

/** A connection in another Region could be created, but would never be found again. */
function unknownRegion(regions: readonly Region[]): ProtonFailure {
  return ProtonFailure.invalid([
    { path: ['region'], message: `must be one that this service looks after: ${regions.join(', ')}` },
  ]);
}
