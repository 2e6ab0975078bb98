import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

import { createAccessKeys, type AccessKeys } from '../../src/control-plane/access-keys/access-keys';
import { trustAccessKeyId, verifySignature } from '../../src/aws-api/authenticate';
import { createAwsApi } from '../../src/aws-api/aws-api';
import { createAwsServer } from '../../src/http/aws-server';
import {
  createEmbeddedProtonService,
  type EmbeddedProtonService,
} from '../../src/control-plane/control-plane';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import type { Store } from '../../src/control-plane/store';
import { account, region } from './proton';

export interface RunningEndpoint {
  /** As in `http://127.0.0.1:40000`. */
  readonly origin: string;
  readonly service: EmbeddedProtonService;
  readonly store: Store;
  readonly accessKeys: AccessKeys;
  /** Reported errors of the server. */
  readonly faults: readonly unknown[];
  readonly stop: () => Promise<void>;
}

export interface EndpointOptions {
  readonly auth: 'none' | 'sigv4';
  readonly location?: string;
  readonly encryptionKey?: KeyObject;
  readonly quota?: number;
  readonly lockTimeoutMs?: number;
  /** The server's clock. */
  readonly now?: () => number;
}

/** Starts the real server for AWS clients on a free port, with the real control plane and an empty store. */
export async function startEndpoint({
  auth,
  location = ':memory:',
  encryptionKey = createSecretKey(randomBytes(32)),
  quota = 1000,
  lockTimeoutMs,
  now = Date.now,
}: EndpointOptions): Promise<RunningEndpoint> {
  const store = openSqliteStore({ location, lockTimeoutMs });
  const settings = {
    defaultRegion: region('us-east-1'),
    defaultAccountId: account('000000000000'),
    connectionQuota: quota,
  };
  const service = createEmbeddedProtonService({ store, settings, now });
  const accessKeys = createAccessKeys({ store: store.accessKeys, encryptionKey, now });
  const faults: unknown[] = [];
  const reportFault = (error: unknown) => {
    faults.push(error);
  };
  const authenticate = auth === 'none' ? trustAccessKeyId() : verifySignature({ accessKeys, now });
  const endpoint = createAwsApi({ service, authenticate, reportFault, now });
  const server = createAwsServer({ address: { host: '127.0.0.1', port: 0 }, api: endpoint, reportFault });
  const origin = await server.start();
  return {
    origin,
    service,
    store,
    accessKeys,
    faults,
    async stop() {
      await server.stop();
      await service.drained();
      await store.close();
    },
  };
}
