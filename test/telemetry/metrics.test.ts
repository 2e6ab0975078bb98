import { createMetrics } from '../../src/telemetry/metrics';
import { startApp, type RunningApp } from '../support/app';
import { readMetrics, valueOf } from '../support/metrics';
import { exercise } from './exercise';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
  await exercise(app, 'first');
});
afterAll(() => app.stop());

describe('The metrics', () => {
  it('count requests by server, operation and outcome, and measure their duration', async () => {
    const metrics = await readMetrics(app.admin);
    const requests = (labels: Record<string, string>) =>
      valueOf(metrics, 'proton_subgraph_requests_total', labels);
    const create = { server: 'graphql', operation: 'createEnvironmentAccountConnection' };
    expect(requests({ ...create, outcome: 'OK' })).toBe(1);
    expect(requests({ ...create, outcome: 'CONFLICT' })).toBe(1);
    expect(requests({ server: 'graphql', operation: 'several', outcome: 'OK' })).toBe(1);
    expect(requests({ server: 'graphql', operation: 'none', outcome: 'GRAPHQL_VALIDATION_FAILED' })).toBe(1);
    expect(
      requests({ server: 'endpoint', operation: 'ListEnvironmentAccountConnections', outcome: 'OK' }),
    ).toBe(1);
    expect(requests({ server: 'endpoint', operation: 'none', outcome: 'UnknownOperationException' })).toBe(2);
    expect(valueOf(metrics, 'proton_subgraph_request_duration_seconds_count', create)).toBe(2);
    const seconds = valueOf(metrics, 'proton_subgraph_request_duration_seconds_sum', create);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(30);
  });

  it('count calls on the service and the store by operation and error', async () => {
    const metrics = await readMetrics(app.admin);
    const calls = (error: string) =>
      valueOf(metrics, 'proton_subgraph_proton_operations_total', { operation: 'createConnection', error });
    expect(calls('none')).toBe(1);
    expect(calls('CONFLICT')).toBe(1);
    expect(
      valueOf(metrics, 'proton_subgraph_proton_operation_duration_seconds_count', {
        operation: 'createConnection',
      }),
    ).toBe(2);
    expect(
      valueOf(metrics, 'proton_subgraph_store_operation_duration_seconds_count', { operation: 'write' }),
    ).toBe(2);
    // A conflict is not a store error.
    expect(valueOf(metrics, 'proton_subgraph_store_errors_total')).toBe(0);
    expect(metrics.text).toContain(
      'proton_subgraph_store_errors_total{operation="write",error="UNAVAILABLE"} 0',
    );
  });

  it('count rejections by limit and authentication failures by reason', async () => {
    const metrics = await readMetrics(app.admin);
    expect(valueOf(metrics, 'proton_subgraph_limits_hit_total', { limit: 'TOO_MANY_TOKENS' })).toBe(1);
    // Series exist before their first event, so that rate() sees it.
    expect(metrics.text).toContain('proton_subgraph_limits_hit_total{limit="RATE_LIMITED"} 0');
    expect(
      valueOf(metrics, 'proton_subgraph_authentication_failures_total', {
        server: 'endpoint',
        reason: 'UnrecognizedClientException',
      }),
    ).toBe(1);
    expect(metrics.text).toContain(
      'proton_subgraph_authentication_failures_total{server="graphql",reason="UNAUTHENTICATED"} 0',
    );
  });

  it('include the connections by status, requests in flight and Node’s process metrics', async () => {
    const metrics = await readMetrics(app.admin);
    expect(valueOf(metrics, 'proton_subgraph_connections', { status: 'PENDING' })).toBe(1);
    expect(metrics.text).toContain('proton_subgraph_connections{status="REJECTED"} 0');
    expect(metrics.types.get('proton_subgraph_requests_in_flight')).toBe('gauge');
    expect(metrics.types.get('nodejs_eventloop_lag_p99_seconds')).toBe('gauge');
    expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it('omit connections when they can’t be counted, and count them again only when a count has expired', async () => {
    let now = 0;
    let failing = true;
    let counts = 0;
    const metrics = createMetrics(() => now);
    metrics.watchConnections(() => {
      counts += 1;
      return failing ? Promise.reject(new Error('the store is away')) : Promise.resolve({ PENDING: 7 });
    }, 15_000);
    const { text } = await metrics.page();
    expect(text).toContain('proton_subgraph_limits_hit_total');
    expect(text).not.toContain('proton_subgraph_connections{');
    failing = false;
    // A failure is not cached, a result is.
    for (let scrape = 0; scrape < 3; scrape += 1) {
      expect((await metrics.page()).text).toContain('proton_subgraph_connections{status="PENDING"} 7');
    }
    expect(counts).toBe(2);
    now = 14_999;
    await metrics.page();
    expect(counts).toBe(2);
    // An expired count is omitted, not repeated.
    now = 15_000;
    failing = true;
    expect((await metrics.page()).text).not.toContain('proton_subgraph_connections{');
    expect(counts).toBe(3);
  });

  it('measure durations in seconds', async () => {
    const metrics = createMetrics();
    const call = { operation: 'write', error: undefined, durationMs: 40 };
    metrics.countRequest({
      server: 'graphql',
      operation: undefined,
      isCompiled: false,
      outcome: 'OK',
      durationMs: 40,
    });
    metrics.countProtonCall(call);
    metrics.countStoreCall(call);
    const { text } = await metrics.page();
    for (const name of ['request_duration', 'proton_operation_duration', 'store_operation_duration']) {
      expect(text).toMatch(new RegExp(`^proton_subgraph_${name}_seconds_sum\\{.*\\} 0\\.04$`, 'm'));
    }
  });

  it('count unknown names together as `other`', async () => {
    const metrics = createMetrics();
    metrics.addOperations(['known']);
    for (const unknown of ['MADE_UP_1', 'MADE_UP_2', 'made_up"} 1\n']) {
      metrics.countRequest({
        server: 'graphql',
        operation: unknown,
        isCompiled: false,
        outcome: unknown,
        durationMs: 1,
      });
      metrics.countProtonCall({ operation: 'createConnection', error: unknown, durationMs: 1 });
      metrics.countStoreCall({ operation: 'write', error: unknown, durationMs: 1 });
    }
    metrics.countRequest({
      server: 'graphql',
      operation: 'known',
      isCompiled: false,
      outcome: 'OK',
      durationMs: 1,
    });
    const { text } = await metrics.page();
    expect(text).toContain(
      'proton_subgraph_requests_total{server="graphql",operation="other",outcome="other"} 3',
    );
    expect(text).toContain(
      'proton_subgraph_requests_total{server="graphql",operation="known",outcome="OK"} 1',
    );
    expect(text).toContain(
      'proton_subgraph_proton_operations_total{operation="createConnection",error="other"} 3',
    );
    expect(text).toContain('proton_subgraph_store_errors_total{operation="write",error="other"} 3');
    expect(text).not.toMatch(/made_up/i);
  });

  it('get no new series from names that clients make up', async () => {
    const own = async () =>
      (await readMetrics(app.admin)).samples.filter(({ name }) => name.startsWith('proton_subgraph_'));
    const before = await own();
    for (let round = 0; round < 20; round += 1) await exercise(app, `made_up_${String(round)}`);
    const after = await own();
    expect(after.map(({ name, labels }) => ({ name, labels }))).toEqual(
      before.map(({ name, labels }) => ({ name, labels })),
    );
    expect(JSON.stringify(after)).not.toContain('made_up');
  });
});
