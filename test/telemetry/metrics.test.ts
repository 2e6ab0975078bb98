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
  it('count requests by server, operation and outcome, and how long they took', async () => {
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

  it('count calls on the service by name and error, and those on the store', async () => {
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
    // A refusal is no failure of the store.
    expect(valueOf(metrics, 'proton_subgraph_store_errors_total')).toBe(0);
    expect(metrics.text).toContain(
      'proton_subgraph_store_errors_total{operation="write",error="UNAVAILABLE"} 0',
    );
  });

  it('count what was refused for a limit, and for want of a proof', async () => {
    const metrics = await readMetrics(app.admin);
    expect(valueOf(metrics, 'proton_subgraph_limits_hit_total', { limit: 'TOO_MANY_TOKENS' })).toBe(1);
    // Those that nobody has met yet are there, so that the first one shows.
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

  it('show the connections there are, the requests at work, and how the process does', async () => {
    const metrics = await readMetrics(app.admin);
    expect(valueOf(metrics, 'proton_subgraph_connections', { status: 'PENDING' })).toBe(1);
    expect(metrics.text).toContain('proton_subgraph_connections{status="REJECTED"} 0');
    expect(metrics.types.get('proton_subgraph_requests_in_flight')).toBe('gauge');
    expect(metrics.types.get('nodejs_eventloop_lag_p99_seconds')).toBe('gauge');
    expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it('are there while connections can’t be counted, which are counted no more often than every 15 seconds', async () => {
    let now = 0;
    let failing = true;
    let counted = 0;
    const metrics = createMetrics(() => now);
    metrics.watchConnections(() => {
      counted += 1;
      return failing ? Promise.reject(new Error('the store is away')) : Promise.resolve({ PENDING: 7 });
    });
    const { text } = await metrics.page();
    expect(text).toContain('proton_subgraph_limits_hit_total');
    expect(text).not.toContain('proton_subgraph_connections{');
    failing = false;
    // A failure is not remembered, and an answer is.
    for (let scrape = 0; scrape < 3; scrape += 1) {
      expect((await metrics.page()).text).toContain('proton_subgraph_connections{status="PENDING"} 7');
    }
    expect(counted).toBe(2);
    now = 14_999;
    await metrics.page();
    expect(counted).toBe(2);
    // What was counted before is no longer shown as if it were so now.
    now = 15_000;
    failing = true;
    expect((await metrics.page()).text).not.toContain('proton_subgraph_connections{');
    expect(counted).toBe(3);
  });

  it('tell times in seconds', async () => {
    const metrics = createMetrics();
    const call = { operation: 'write', error: undefined, durationMs: 40 };
    metrics.countRequest({ server: 'graphql', operation: undefined, outcome: 'OK', durationMs: 40 });
    metrics.countProtonCall(call);
    metrics.countStoreCall(call);
    const { text } = await metrics.page();
    for (const name of ['request_duration', 'proton_operation_duration', 'store_operation_duration']) {
      expect(text).toMatch(new RegExp(`^proton_subgraph_${name}_seconds_sum\\{.*\\} 0\\.04$`, 'm'));
    }
  });

  it('count what no list knows as one, whoever let it through', async () => {
    const metrics = createMetrics();
    metrics.addOperations(['known']);
    for (const made of ['MADE_UP_1', 'MADE_UP_2', 'made_up"} 1\n']) {
      metrics.countRequest({ server: 'graphql', operation: made, outcome: made, durationMs: 1 });
      metrics.countProtonCall({ operation: 'createConnection', error: made, durationMs: 1 });
      metrics.countStoreCall({ operation: 'write', error: made, durationMs: 1 });
    }
    metrics.countRequest({ server: 'graphql', operation: 'known', outcome: 'OK', durationMs: 1 });
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

  it('have no more series after whatever names callers made up', async () => {
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
