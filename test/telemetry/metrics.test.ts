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
  });

  it('show the connections there are, the requests at work, and how the process does', async () => {
    const metrics = await readMetrics(app.admin);
    expect(valueOf(metrics, 'proton_subgraph_connections', { status: 'PENDING' })).toBe(1);
    expect(metrics.text).toContain('proton_subgraph_connections{status="REJECTED"} 0');
    expect(metrics.types.get('proton_subgraph_requests_in_flight')).toBe('gauge');
    expect(metrics.types.get('nodejs_eventloop_lag_p99_seconds')).toBe('gauge');
    expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it('are there while connections can’t be counted, which are counted no more often than every 5 seconds', async () => {
    let failing = true;
    let counted = 0;
    const metrics = createMetrics();
    metrics.showConnections(() => {
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
