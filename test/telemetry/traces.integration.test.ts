import { createSecretKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

import { CreateEnvironmentAccountConnectionDocument } from '../../generated/operations/graphql';
import { createAccessKeys } from '../../src/control-plane/access-keys/access-keys';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { readTracing } from '../../src/config/tracing';
import { useTemporaryFolder } from '../support/folder';
import { dataOf, request } from '../support/graphql-client';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver';
import { account } from '../support/proton';
import { runServerToEnd, startServerProcess } from '../support/server-process';

const CREATE = { managementAccountId: '111111111111', environmentName: 'payments-prod' };
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const ROUTER_SPAN = '00f067aa0ba902b7';

const folder = useTemporaryFolder();

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(() => receiver.stop());

/** Finds the span with this name in the router's trace, or throws. */
function spanNamed(name: string, service = 'proton-subgraph'): ReceivedSpan {
  const found = receiver.spans.find(
    (span) => span.name === name && span.service === service && span.traceId === TRACE_ID,
  );
  if (!found) throw new Error(`no span ${name} among ${receiver.spans.map((span) => span.name).join(', ')}`);
  return found;
}

/** Expects each span to be the parent of the next. */
function expectChain(...spans: readonly ReceivedSpan[]) {
  expect(spans.slice(1).map(({ parentSpanId }) => parentSpanId)).toEqual(
    spans.slice(0, -1).map(({ spanId }) => spanId),
  );
}

describe('With an OTLP endpoint in the environment', () => {
  it('the router’s trace continues through GraphQL, the service and the store, and the log has its id', async () => {
    const server = await startServerProcess({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.origin,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    });
    const { data } = await request(
      server.url,
      CreateEnvironmentAccountConnectionDocument,
      { create: CREATE },
      { traceparent: `00-${TRACE_ID}-${ROUTER_SPAN}-01` },
    );
    expect(data?.createEnvironmentAccountConnection?.success).toBe(true);
    // The shutdown sends the remaining spans.
    expect(await server.end('SIGTERM')).toBe(0);

    const http = spanNamed('POST /graphql');
    expect(http.parentSpanId).toBe(ROUTER_SPAN);
    expect(http.attributes).toMatchObject({ 'http.route': '/graphql', 'http.request.method': 'POST' });
    expectChain(
      http,
      spanNamed('graphql createEnvironmentAccountConnection'),
      spanNamed('proton createConnection'),
      spanNamed('store write'),
    );
    const line = server.log().find(({ msg }) => msg === 'request');
    expect(line).toMatchObject({
      trace_id: TRACE_ID,
      span_id: http.spanId,
      requestId: http.attributes['proton_subgraph.request_id'],
    });
    expect(receiver.bytes().includes(CREATE.environmentName)).toBe(false);
  });

  it('the trace continues over the AWS SDK in the process behind it, and signatures stay valid', async () => {
    const encryptionKey = randomBytes(32);
    const store = openSqliteStore({ location: folder.path('proton.db') });
    const accessKeys = createAccessKeys({
      store: store.accessKeys,
      encryptionKey: createSecretKey(encryptionKey),
    });
    await accessKeys.bind();
    const key = await accessKeys.issue(account('222222222222'));
    await store.close();
    const behind = await startServerProcess({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.origin,
      OTEL_SERVICE_NAME: 'control-plane',
      DATABASE_URL: `sqlite:${folder.path('proton.db')}`,
      PROTON_ENDPOINT_AUTH: 'sigv4',
      ACCESS_KEY_ENCRYPTION_KEY: encryptionKey.toString('base64'),
    });
    const front = await startServerProcess({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.origin}/v1/traces`,
      PROTON_UPSTREAM: behind.protonEndpoint ?? '',
      PROTON_ACCOUNTS: '222222222222',
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    });
    const { data } = await request(
      front.url,
      CreateEnvironmentAccountConnectionDocument,
      { create: CREATE },
      { traceparent: `00-${TRACE_ID}-${ROUTER_SPAN}-01` },
    );
    expect(data?.createEnvironmentAccountConnection?.success).toBe(true);
    await Promise.all([front.end('SIGTERM'), behind.end('SIGTERM')]);

    expectChain(
      spanNamed('POST /graphql'),
      spanNamed('graphql createEnvironmentAccountConnection'),
      spanNamed('proton createConnection'),
      spanNamed('Proton/CreateEnvironmentAccountConnection'),
      spanNamed('POST /', 'control-plane'),
      spanNamed('proton createConnection', 'control-plane'),
      spanNamed('store write', 'control-plane'),
    );
  });

  it('the trace is sent to AWS, and baggage is not', async () => {
    const sent: IncomingHttpHeaders[] = [];
    const aws = createServer(({ headers }, response) => {
      sent.push(headers);
      response.writeHead(400, { 'x-amzn-ErrorType': 'AccessDeniedException' }).end('{}');
    }).listen(0, '127.0.0.1');
    await once(aws, 'listening');
    const { port } = aws.address() as AddressInfo;
    const server = await startServerProcess({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.origin,
      PROTON_UPSTREAM: `http://127.0.0.1:${String(port)}`,
      PROTON_ACCOUNTS: '222222222222',
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
    await request(server.url, '{ environmentAccountConnections { edges { cursor } } }', undefined, {
      traceparent: `00-${TRACE_ID}-${ROUTER_SPAN}-01`,
      baggage: 'customer=ann',
    });
    await server.end('SIGTERM');
    aws.closeAllConnections();
    aws.close();
    expect(sent.length).toBeGreaterThan(0);
    for (const { traceparent, baggage } of sent) {
      expect(traceparent).toMatch(new RegExp(`^00-${TRACE_ID}-`));
      expect(baggage).toBeUndefined();
    }
  });

  it('unsupported values stop the start, with an error that names the variables without their values', async () => {
    const { code, stderr } = await runServerToEnd({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://user:s3cret@collector',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_PROPAGATORS: 'b3',
    });
    expect(code).toBe(1);
    for (const name of [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      'OTEL_TRACES_SAMPLER',
      'OTEL_PROPAGATORS',
    ]) {
      expect(stderr).toMatch(new RegExp(`^  ${name} must be `, 'm'));
    }
    expect(stderr).not.toContain('s3cret');
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('Tracing', () => {
  it('is off when OTEL_SDK_DISABLED is true, whatever else is set, and nothing is sent', async () => {
    const server = await startServerProcess({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.origin,
      OTEL_SDK_DISABLED: 'true',
    });
    await dataOf(server.url, '{ environmentAccountConnections { totalCount } }');
    expect(await server.end('SIGTERM')).toBe(0);
    expect(receiver.bytes()).toHaveLength(0);
    const line = server.log().find(({ msg }) => msg === 'request');
    expect(line).toMatchObject({ outcome: 'OK' });
    expect(line).not.toHaveProperty('trace_id');
  });

  it.each([
    {},
    { OTEL_SERVICE_NAME: 'proton', OTEL_RESOURCE_ATTRIBUTES: 'a=b', OTEL_PROPAGATORS: 'b3' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_TRACES_EXPORTER: 'none' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'TRUE' },
  ])('is off with %j', (environment) => {
    expect(readTracing(environment)).toBeUndefined();
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces' }, true],
    [
      { OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' },
      true,
    ],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_PROPAGATORS: 'baggage, tracecontext' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_PROPAGATORS: 'tracecontext' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_PROPAGATORS: 'none' }, false],
    [
      {
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20YTpi==, x-tenant=a',
        OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_CERTIFICATE: __filename,
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test, team=a%2Cb',
      },
      true,
    ],
  ])('is on with %j', (environment, propagated) => {
    expect(readTracing(environment)).toEqual({ propagated });
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_CERTIFICATE', '/nowhere/s3cret.pem'],
    ['OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY', '/nowhere/s3cret.pem'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 's3cret'],
    ['OTEL_EXPORTER_OTLP_TRACES_COMPRESSION', 'GZIP'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '10s3cret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 's3cret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a b=s3cret'],
    ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'a=%s3cret'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'team=s3cret=a'],
    ['OTEL_RESOURCE_ATTRIBUTES', '=s3cret'],
  ])('is rejected with %s=%s, which the SDK would ignore', (name, value) => {
    const reading = () => readTracing({ OTEL_TRACES_EXPORTER: 'otlp', [name]: value });
    expect(reading).toThrow(new RegExp(`^  ${name} must be `, 'm'));
    expect(reading).not.toThrow(/s3cret/);
  });
});
