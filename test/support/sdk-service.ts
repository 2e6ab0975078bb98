import { createSecretKey, randomBytes } from 'node:crypto';

import { createAccessKeys, type IssuedAccessKey } from '../../src/control-plane/access-keys/access-keys';
import { verifySignature } from '../../src/aws-api/authenticate';
import { createAwsApi } from '../../src/aws-api/aws-api';
import type { AwsRequest, AwsResponse } from '../../src/aws-api/messages';
import { createAwsServer } from '../../src/http/aws-server';
import type { AccountId, Region } from '../../src/proton/identifiers';
import {
  createEmbeddedProtonService,
  type EmbeddedProtonService,
} from '../../src/control-plane/control-plane';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import type { CredentialProvider } from '../../src/proton-sdk/transport/credentials';
import type { ProtonReport } from '../../src/proton-sdk/error-mapping';
import { createSdkProtonService, type SdkProtonService } from '../../src/proton-sdk/sdk-proton-service';
import { account, createClock, ENVIRONMENT, MANAGEMENT, region, STRANGER, type Clock } from './proton';

export const ACCOUNTS: readonly AccountId[] = [MANAGEMENT, ENVIRONMENT, STRANGER];
export const REGIONS: readonly Region[] = [
  'us-east-1',
  'eu-central-1',
  'eu-west-1',
  'cn-north-1',
  'us-gov-west-1',
].map(region);

export interface SignedEndpoint {
  /** As in `http://127.0.0.1:40000`. */
  readonly origin: string;
  /** The control plane behind it. */
  readonly service: EmbeddedProtonService;
  /** The control plane's clock. Signatures are checked against the real time. */
  readonly clock: Clock;
  /** The calls, in the order in which they came. */
  readonly calls: EndpointCall[];
  readonly credentialsFor: (accountId: AccountId) => CredentialProvider;
  readonly stop: () => Promise<void>;
}

export interface EndpointCall {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface SignedEndpointOptions {
  readonly quota?: number;
  /** The clock for signatures and for the `Date` headers of responses. */
  readonly signaturesAt?: () => number;
  /** Intercepts each request before the endpoint. */
  readonly around?: (
    request: AwsRequest,
    answer: (request: AwsRequest) => Promise<AwsResponse>,
  ) => Promise<AwsResponse>;
}

/** Starts the real AWS endpoint over HTTP, in front of a real control plane, with signatures on and an access key per account. */
export async function startSignedEndpoint({
  quota = 1000,
  signaturesAt = Date.now,
  around = (request, answer) => answer(request),
}: SignedEndpointOptions = {}): Promise<SignedEndpoint> {
  const store = openSqliteStore({ location: ':memory:' });
  const clock = createClock();
  const settings = {
    defaultRegion: region('us-east-1'),
    defaultAccountId: account('000000000000'),
    connectionQuota: quota,
  };
  const service = createEmbeddedProtonService({ store, settings, now: clock.now });
  const encryptionKey = createSecretKey(randomBytes(32));
  const accessKeys = createAccessKeys({ store: store.accessKeys, encryptionKey });
  const reportFault = (error: unknown) => {
    throw error;
  };
  const endpoint = createAwsApi({
    service,
    authenticate: verifySignature({ accessKeys, now: signaturesAt }),
    reportFault,
    now: signaturesAt,
  });
  const calls: EndpointCall[] = [];
  const server = createAwsServer({
    address: { host: '127.0.0.1', port: 0 },
    api: {
      ...endpoint,
      handle(request) {
        const [target = ''] = request.headers.get('x-amz-target') ?? [];
        calls.push({
          operation: target.replace(/^.*\./, ''),
          input: JSON.parse(request.body.toString()) as EndpointCall['input'],
        });
        return around(request, endpoint.handle);
      },
    },
    reportFault,
  });
  const keys = new Map<AccountId, IssuedAccessKey>();
  for (const id of ACCOUNTS) keys.set(id, await accessKeys.issue(id));
  return {
    origin: await server.start(),
    service,
    clock,
    calls,
    credentialsFor(accountId) {
      const key = keys.get(accountId);
      return () => (key ? Promise.resolve(key) : Promise.reject(new Error(`no access key for ${accountId}`)));
    },
    async stop() {
      await server.stop();
      await service.drained();
      await store.close();
    },
  };
}

export interface SdkServiceOptions {
  readonly endpointUrl: string;
  readonly credentialsFor: (accountId: AccountId) => CredentialProvider;
  readonly accounts?: readonly AccountId[];
  readonly regions?: readonly Region[];
  readonly timeoutMs?: number;
  readonly pollIntervalMs?: number;
}

export interface SdkServiceUnderTest {
  readonly service: SdkProtonService;
  /** The failed calls that the adapter reported. */
  readonly reports: readonly ProtonReport[];
  /** The unexpected errors. */
  readonly faults: readonly unknown[];
}

/** Creates the SDK adapter for an endpoint. */
export function createSdkService({
  endpointUrl,
  credentialsFor,
  accounts = ACCOUNTS,
  regions = REGIONS,
  timeoutMs = 10_000,
  pollIntervalMs = 5_000,
}: SdkServiceOptions): SdkServiceUnderTest {
  const reports: ProtonReport[] = [];
  const faults: unknown[] = [];
  const service = createSdkProtonService({
    endpointUrl,
    accounts,
    regions,
    defaultRegion: region('us-east-1'),
    defaultAccountId: account('000000000000'),
    timeoutMs,
    pollIntervalMs,
    credentialsFor,
    report: (report) => {
      reports.push(report);
    },
    reportFault: (fault) => {
      faults.push(fault);
    },
    warn: (warning) => {
      throw new Error(warning);
    },
  });
  return { service, reports, faults };
}
