import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { pino } from 'pino';

import { readConfig } from '../../src/config/config';
import { NO_AUTHENTICATION } from '../../src/authentication/authentication';
import { createGraphqlServer } from '../../src/http/graphql-server';
import type { ClientTuning } from '../../src/proton-sdk/transport/clients';
import { createSdkProtonService } from '../../src/proton-sdk/sdk-proton-service';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';

/** The management accounts in the filled store. Together they see every connection. */
const MANAGEMENT_ACCOUNTS = Array.from({ length: 10 }, (_, index) => String(100_000_000_000 + index));

/**
 * Starts this server with the SDK adapter in this process, and its control plane in another. The endpoint is on loopback without
 * authentication, so the access key id is the account id. The SDK signs requests nevertheless.
 */
export async function serveOverSdk(tuning: Partial<ClientTuning> = {}): Promise<void> {
  const { http, proton, limits, timing } = readConfig({
    PORT: process.env['PORT'],
    PROTON_UPSTREAM: await startControlPlane(),
    PROTON_ACCOUNTS: MANAGEMENT_ACCOUNTS.join(','),
    AWS_ACCOUNT_PROFILE_TEMPLATE: '{accountId}',
    PROTON_TIMEOUT_MS: '60000',
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
  console.log(`ready at ${await web.start()}`);
}

/** Starts the control plane, which stops together with this process. Resolves with the endpoint's URL. */
function startControlPlane(): Promise<string> {
  const main = join(__dirname, 'this-server.js');
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, PORT: '0', ADMIN_PORT: '0', PROTON_ENDPOINT_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('SIGTERM', () => {
    child.kill('SIGTERM');
    child.once('exit', () => process.exit(0));
  });
  process.once('exit', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      reject(new Error(`the control plane exited with ${String(code)}`));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = /AWS clients at (http:[^\s"]+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
}
