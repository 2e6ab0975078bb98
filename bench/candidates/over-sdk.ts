import { pino } from 'pino';

import { readConfig } from '../../src/config/config';
import { NO_AUTHENTICATION } from '../../src/authentication/authentication';
import { createGraphqlServer } from '../../src/http/graphql-server';
import type { ClientTuning } from '../../src/proton-sdk/transport/clients';
import { createSdkProtonService } from '../../src/proton-sdk/sdk-proton-service';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';
import type { Environment, Served } from './start';

/** The management accounts in the filled store. Together they see every connection. */
const MANAGEMENT_ACCOUNTS = Array.from({ length: 10 }, (_, index) => String(100_000_000_000 + index));

/**
 * Starts this server with the SDK adapter, over the control plane in another process at PROTON_UPSTREAM. The endpoint is on loopback
 * without authentication, so the access key id is the account id. The SDK signs requests nevertheless.
 */
export async function serveOverSdk(
  { PORT = '0', PROTON_UPSTREAM = '' }: Environment,
  tuning: Partial<ClientTuning> = {},
): Promise<Served> {
  const { http, proton, limits, timing } = readConfig({
    PORT,
    PROTON_UPSTREAM,
    PROTON_ACCOUNTS: MANAGEMENT_ACCOUNTS.join(','),
    AWS_ACCOUNT_PROFILE_TEMPLATE: '{accountId}',
    // A trial needs every response, also on a busy machine.
    PROTON_TIMEOUT_MS: '60000',
    EXECUTION_TIMEOUT_MS: '60000',
  });
  if (proton.kind !== 'sdk') throw new Error('this candidate needs the SDK adapter: set PROTON_UPSTREAM');
  const service = createSdkProtonService({
    ...proton,
    tuning,
    credentialsFor: (accountId) => () =>
      Promise.resolve({ accessKeyId: accountId, secretAccessKey: 'not verified' }),
    report: ({ error }) => {
      console.error(error);
    },
    reportFault: console.error,
    warn: console.error,
  });
  const viewer = unrestrictedViewer('anonymous');
  const web = createGraphqlServer({
    address: http,
    introspectionEnabled: false,
    logger: pino({ level: 'silent' }),
    reportFault: console.error,
    authentication: NO_AUTHENTICATION,
    limits,
    executionMs: timing.executionMs,
    contextFor: (_request, client) => createContext(service, viewer, console.error, client),
  });
  return { url: await web.start() };
}
