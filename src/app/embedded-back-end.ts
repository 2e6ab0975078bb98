import { setTimeout as wait } from 'node:timers/promises';

import type { EmbeddedProtonConfig, EndpointConfig } from '../config/proton';
import { createAccessKeys } from '../control-plane/access-keys/access-keys';
import { trustAccessKeyId, verifySignature } from '../aws-api/authenticate';
import { createAwsApi } from '../aws-api/aws-api';
import { createEndpointServer } from '../http/aws-server';
import { createEmbeddedProtonService, type EmbeddedProtonService } from '../control-plane/control-plane';
import { observeStore, STORE_OPERATIONS } from '../control-plane/observed-store';
import { openSqliteStore, type SqliteStore } from '../control-plane/sqlite/sqlite-store';
import { instrumentService } from '../proton/instrument-session';
import { reportStoreTo } from './report-store';
import type { BackEnd, Surroundings } from './back-end';
import { storeChecks } from './store-checks';

/**
 * The control plane in this process, over its own store.
 * @throws StoreOpenError when the database can't serve
 */
export function embeddedBackEnd(
  { store: storeOptions, controlPlane, endpoint }: EmbeddedProtonConfig,
  surroundings: Surroundings,
): BackEnd {
  const { telemetry, logger } = surroundings;
  const store = openSqliteStore({ ...storeOptions, report: reportStoreTo(logger) });
  const service = createEmbeddedProtonService({
    store: observeStore(store, telemetry.aroundStore),
    settings: controlPlane,
  });
  const proton = instrumentService(service, telemetry.aroundProton);
  telemetry.metrics.addStoreOperations(STORE_OPERATIONS);
  telemetry.metrics.watchConnections(store.countByStatus);
  return {
    proton,
    endpoint: endpoint && endpointBefore(proton, store, endpoint, surroundings),
    accessKeysUnder: (encryptionKey) => createAccessKeys({ store: store.accessKeys, encryptionKey }),
    checks: storeChecks(store.health),
    async close(patienceMs) {
      const inTime = new AbortController();
      // Behind a lock that another process holds, a write would outlast the grace that the stop has.
      const impatience = wait(patienceMs, undefined, { signal: inTime.signal });
      await Promise.race([service.drained(), impatience]);
      inTime.abort();
      await store.close();
    },
  };
}

function endpointBefore(
  service: Pick<EmbeddedProtonService, 'session'>,
  store: SqliteStore,
  { auth, ...address }: EndpointConfig,
  { telemetry, traffic, reportFault }: Surroundings,
): BackEnd['endpoint'] {
  const accessKeys =
    auth.kind === 'sigv4'
      ? createAccessKeys({ store: store.accessKeys, encryptionKey: auth.encryptionKey })
      : undefined;
  const authenticate = accessKeys ? verifySignature({ accessKeys }) : trustAccessKeyId();
  const { executionMs, ...servers } = traffic;
  const server = createEndpointServer({
    ...servers,
    address,
    anyHostName: auth.kind !== 'none',
    endpoint: createAwsApi({ service, authenticate, reportFault, executionMs }),
    reportFault,
    observe: telemetry.requestEnded,
    traced: telemetry.traced,
  });
  return {
    ...server,
    async start() {
      // An encryption key that opens nothing would have every caller fail, one by one.
      await accessKeys?.bind();
      return server.start();
    },
  };
}
