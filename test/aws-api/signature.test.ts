import { createHash } from 'node:crypto';

import { signatureOf } from '../../src/sigv4/canonical-request';
import { signedRequest, type Credentials, type SigningOptions } from '../support/aws-signing';
import { startEndpoint, type RunningEndpoint } from '../support/aws-api';
import { sendHttp, type WireRequest } from '../support/aws-call';
import { createClock, ENVIRONMENT, MANAGEMENT } from '../support/proton';

const MINUTE = 60_000;
const SHA256 = 'x-amz-content-sha256';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const LIST = '{"requestedBy":"ENVIRONMENT_ACCOUNT"}';
const CREATE = { managementAccountId: MANAGEMENT, environmentName: 'payments-prod', clientToken: 'token-1' };

type Sent = WireRequest & { readonly headers: Readonly<Record<string, unknown>> };
type Tamper = (request: Sent) => WireRequest;

const withHeader =
  (name: string, value: string | string[]): Tamper =>
  (request) => ({ ...request, headers: { ...request.headers, [name]: value } });

const withoutHeader =
  (name: string): Tamper =>
  (request) => {
    const headers = { ...request.headers };
    Reflect.deleteProperty(headers, name);
    return { ...request, headers };
  };

/** Replaces a part of the Authorization header. */
const rewritten =
  (pattern: RegExp | string, replacement: string): Tamper =>
  (request) =>
    withHeader(
      'authorization',
      String(request.headers['authorization']).replace(pattern, replacement),
    )(request);

const asSent: Tamper = (request) => request;

describe('With signatures on', () => {
  const clock = createClock();
  let endpoint: RunningEndpoint;
  let key: Credentials;

  beforeAll(async () => {
    endpoint = await startEndpoint({ auth: 'sigv4', now: clock.now });
    key = await endpoint.accessKeys.issue(ENVIRONMENT);
  });

  afterAll(() => endpoint.stop());

  const at = (offset: number) => new Date(clock.now() + offset);

  async function send(options: SigningOptions = {}, tamper: Tamper = asSent, credentials = key) {
    const request = await signedRequest(endpoint.origin, credentials, { date: at(0), ...options });
    return sendHttp(endpoint.origin, tamper(request));
  }

  it.each<[string, SigningOptions, Tamper]>([
    ['that signs only the required headers', {}, asSent],
    ['with the hash of its body', { headers: { [SHA256]: sha256(LIST) } }, asSent],
    [
      'that signs headers that signers usually leave out',
      {
        headers: {
          'user-agent': 'x  y',
          'x-amzn-trace-id': 'Root=1',
          connection: 'keep-alive',
          expect: '100-continue',
        },
        signed: ['user-agent', 'x-amzn-trace-id', 'connection', 'expect'],
      },
      asSent,
    ],
    ['whose content type is not signed', { unsigned: ['content-type'] }, asSent],
    ['with unsigned headers', {}, withHeader('x-forwarded-for', '10.0.0.1')],
    [
      'with upper-case header names',
      {},
      (request) => ({
        ...request,
        headers: Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name.toUpperCase(), value]),
        ),
      }),
    ],
    [
      'with spaces around and within a signed value',
      { headers: { 'x-note': 'a b' } },
      withHeader('x-note', '  a   b '),
    ],
    [
      'that signs the bytes of a header in UTF-8',
      { headers: { 'x-note': 'à la carte — déjà vu' } },
      // Node's client writes headers as UTF-8 if the body is a string, and as Latin-1 if it is bytes.
      (request) => ({
        ...withHeader('x-note', Buffer.from('à la carte — déjà vu').toString('latin1'))(request),
        body: Buffer.from(LIST),
      }),
    ],
    ['whose Authorization has no spaces after its commas', {}, rewritten(/, /g, ',')],
    ['that was signed fourteen minutes ahead', { date: new Date(createClock().now() + 14 * MINUTE) }, asSent],
    ['that was signed fourteen minutes ago', { date: new Date(createClock().now() - 14 * MINUTE) }, asSent],
    ['with an empty body', { operation: 'ListEnvironmentAccountConnections', body: '' }, asSent],
  ])('accepts a request %s', async (_title, options, tamper) => {
    const { error, message } = await send(options, tamper);
    // An empty body has no requestedBy. The operation's error shows that the signature was accepted.
    expect([undefined, 'ValidationException']).toContain(error);
    expect(message).not.toMatch(/sign/i);
  });

  const FOREIGN_SCOPE = /scoped to a correct service/;
  const MISMATCH = /signature we calculated does not match/;
  const INVALID_TOKEN = /^The security token included in the request is invalid\.$/;
  const NO_TOKENS =
    /^The security token included in the request is invalid\. This endpoint's keys have no session tokens: unset AWS_SESSION_TOKEN\.$/;

  it.each<[string, string, RegExp, SigningOptions, Tamper]>([
    [
      'no Authorization',
      'MissingAuthenticationTokenException',
      /no Authorization/,
      {},
      withoutHeader('authorization'),
    ],
    [
      'an empty Authorization',
      'MissingAuthenticationTokenException',
      /no Authorization/,
      {},
      withHeader('authorization', ''),
    ],
    [
      'a bearer token',
      'IncompleteSignatureException',
      /AWS4-HMAC-SHA256/,
      {},
      withHeader('authorization', 'Bearer abc'),
    ],
    [
      'an asymmetric signature',
      'IncompleteSignatureException',
      /AWS4-HMAC-SHA256/,
      {},
      rewritten('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
    ],
    [
      'a lower-case algorithm',
      'IncompleteSignatureException',
      /AWS4-HMAC-SHA256/,
      {},
      rewritten('AWS4-HMAC-SHA256', 'aws4-hmac-sha256'),
    ],
    [
      'only the algorithm',
      'IncompleteSignatureException',
      /Credential/,
      {},
      withHeader('authorization', 'AWS4-HMAC-SHA256'),
    ],
    ['no Credential', 'IncompleteSignatureException', /Credential/, {}, rewritten(/Credential=[^,]+, /, '')],
    [
      'no SignedHeaders',
      'IncompleteSignatureException',
      /SignedHeaders/,
      {},
      rewritten(/SignedHeaders=[^,]+, /, ''),
    ],
    ['no Signature', 'IncompleteSignatureException', /Signature/, {}, rewritten(/, Signature=.*/, '')],
    [
      'two Credentials',
      'IncompleteSignatureException',
      /one Credential/,
      {},
      rewritten(/(Credential=[^,]+), /, '$1, $1, '),
    ],
    [
      'two Authorizations',
      'IncompleteSignatureException',
      /more than once/,
      {},
      (request) =>
        withHeader('authorization', [
          String(request.headers['authorization']),
          String(request.headers['authorization']),
        ])(request),
    ],
    [
      'a scope with a missing part',
      'IncompleteSignatureException',
      /Credential/,
      {},
      rewritten('/aws4_request', ''),
    ],
    [
      'a scope with an extra part',
      'IncompleteSignatureException',
      /Credential/,
      {},
      rewritten('/proton/', '/proton/x/'),
    ],
    ['no X-Amz-Date', 'IncompleteSignatureException', /X-Amz-Date/, {}, withoutHeader('x-amz-date')],
    [
      'an X-Amz-Date in another form',
      'IncompleteSignatureException',
      /X-Amz-Date/,
      {},
      withHeader('x-amz-date', new Date().toISOString()),
    ],
    [
      'an X-Amz-Date that is no date',
      'IncompleteSignatureException',
      /X-Amz-Date/,
      {},
      withHeader('x-amz-date', '20261332T256199Z'),
    ],
    [
      'an X-Amz-Date with an impossible day',
      'IncompleteSignatureException',
      /X-Amz-Date/,
      {},
      withHeader('x-amz-date', '20260231T093000Z'),
    ],
    [
      'an X-Amz-Date with an impossible hour',
      'IncompleteSignatureException',
      /X-Amz-Date/,
      {},
      withHeader('x-amz-date', '20261122T240000Z'),
    ],
    [
      'an X-Amz-Date that is not signed',
      'InvalidSignatureException',
      /must be signed.*: x-amz-date\.$/,
      {},
      rewritten(';x-amz-date', ''),
    ],
    [
      'a signature in the query string',
      'IncompleteSignatureException',
      /Presigned/,
      {},
      (request) => ({
        ...withoutHeader('authorization')(request),
        path: '/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=abc',
      }),
    ],
    ['another signature', 'InvalidSignatureException', MISMATCH, {}, rewritten(/Signature=./, 'Signature=x')],
    [
      'an upper-case signature',
      'InvalidSignatureException',
      MISMATCH,
      {},
      (request) => {
        const [head = '', signature = ''] = String(request.headers['authorization']).split('Signature=');
        return withHeader('authorization', `${head}Signature=${signature.toUpperCase()}F`)(request);
      },
    ],
    ['half a signature', 'InvalidSignatureException', MISMATCH, {}, rewritten(/.{32}$/, '')],
    [
      'a tampered body',
      'InvalidSignatureException',
      MISMATCH,
      {},
      (request) => ({ ...request, body: LIST.replace('ENV', 'MAN') }),
    ],
    [
      'a body when an empty one was signed',
      'InvalidSignatureException',
      MISMATCH,
      { body: '' },
      (request) => ({ ...request, body: LIST }),
    ],
    [
      'a tampered body with the signed hash of the original',
      'InvalidSignatureException',
      /hash of the body/,
      { headers: { [SHA256]: sha256(LIST) } },
      (request) => ({ ...request, body: `${LIST} ` }),
    ],
    [
      'a body that was not hashed',
      'InvalidSignatureException',
      /hash of the body/,
      { headers: { [SHA256]: 'UNSIGNED-PAYLOAD' } },
      asSent,
    ],
    [
      'an upper-case hash of the body',
      'InvalidSignatureException',
      /hash of the body/,
      { headers: { [SHA256]: sha256(LIST).toUpperCase() } },
      asSent,
    ],
    [
      'a hash of the body that is not signed',
      'InvalidSignatureException',
      /must be signed.*x-amz-content-sha256/,
      {},
      withHeader(SHA256, sha256(LIST)),
    ],
    [
      'a swapped target',
      'InvalidSignatureException',
      MISMATCH,
      {},
      withHeader('x-amz-target', 'AwsProton20200720.DeleteEnvironmentAccountConnection'),
    ],
    [
      'a target that is not signed',
      'InvalidSignatureException',
      /must be signed.*x-amz-target/,
      { unsigned: ['x-amz-target'] },
      asSent,
    ],
    [
      'a second target',
      'InvalidSignatureException',
      MISMATCH,
      {},
      withHeader('x-amz-target', [
        'AwsProton20200720.ListEnvironmentAccountConnections',
        'AwsProton20200720.DeleteEnvironmentAccountConnection',
      ]),
    ],
    [
      'a host that is not signed',
      'InvalidSignatureException',
      /must be signed.*host/,
      { unsigned: ['host'] },
      asSent,
    ],
    ['another host', 'InvalidSignatureException', MISMATCH, {}, withHeader('host', 'proton.example.com')],
    [
      'another day than the scope’s',
      'InvalidSignatureException',
      /must be the day/,
      {},
      rewritten(/\/20\d{6}\//, '/20261121/'),
    ],
    [
      'a tampered signed header',
      'InvalidSignatureException',
      MISMATCH,
      {},
      withHeader('content-type', 'application/json'),
    ],
    [
      'a missing signed header',
      'InvalidSignatureException',
      /x-note is signed and did not arrive/,
      { headers: { 'x-note': 'a' } },
      withoutHeader('x-note'),
    ],
    [
      'signed headers out of order',
      'InvalidSignatureException',
      /alphabetical/,
      {},
      rewritten('content-type;host', 'host;content-type'),
    ],
    [
      'a signed header named twice',
      'InvalidSignatureException',
      /each once/,
      {},
      rewritten('content-type;host', 'content-type;content-type;host'),
    ],
    [
      'upper-case signed headers',
      'InvalidSignatureException',
      /lower case/,
      {},
      rewritten('content-type;host', 'Content-Type;host'),
    ],
    [
      'an extra name in the signed headers',
      'InvalidSignatureException',
      /did not arrive/,
      {},
      rewritten('SignedHeaders=', 'SignedHeaders=;'),
    ],
    ['another service', 'InvalidSignatureException', FOREIGN_SCOPE, { service: 's3' }, asSent],
    [
      'the signature of another service, with the name replaced',
      'InvalidSignatureException',
      MISMATCH,
      { service: 's3' },
      rewritten('/s3/', '/proton/'),
    ],
    [
      'another terminator',
      'InvalidSignatureException',
      /correct version/,
      {},
      rewritten('aws4_request', 'aws4_chunked'),
    ],
    ['an invalid Region', 'InvalidSignatureException', /valid Region/, { region: 'mars' }, asSent],
    [
      'a Region that is not the signed one',
      'InvalidSignatureException',
      MISMATCH,
      { region: 'eu-central-1' },
      rewritten('eu-central-1', 'eu-central-2'),
    ],
    [
      'another account’s key id',
      'UnrecognizedClientException',
      INVALID_TOKEN,
      {},
      rewritten(/AKIA[A-Z2-7]{16}/, 'AKIAAAAAAAAAAAAAAAAA'),
    ],
    [
      'an account id as the key id',
      'UnrecognizedClientException',
      INVALID_TOKEN,
      {},
      rewritten(/AKIA[A-Z2-7]{16}/, '222222222222'),
    ],
    [
      'a session token',
      'UnrecognizedClientException',
      NO_TOKENS,
      {},
      withHeader('x-amz-security-token', 'x'),
    ],
    [
      'a date sixteen minutes ahead',
      'RequestExpired',
      /15 minutes/,
      { date: new Date(createClock().now() + 16 * MINUTE) },
      asSent,
    ],
    [
      'a date sixteen minutes behind',
      'RequestExpired',
      /15 minutes/,
      { date: new Date(createClock().now() - 16 * MINUTE) },
      asSent,
    ],
    ['a date in the next century', 'RequestExpired', /15 minutes/, { date: new Date('2126-01-01') }, asSent],
  ])('refuses a request with %s: %s', async (_title, exception, message, options, tamper) => {
    const response = await send(options, tamper);
    expect(response).toMatchObject({ status: 400, error: exception });
    expect(response.message).toMatch(message);
    expect(response.headers).toMatchObject({
      'x-amzn-errortype': exception,
      'content-type': 'application/x-amz-json-1.0',
      date: new Date(clock.now()).toUTCString(),
    });
    expect(endpoint.faults).toEqual([]);
  });

  it('refuses temporary credentials, because it issues none', async () => {
    const response = await send({}, asSent, { ...key, sessionToken: 'token' });
    expect(response).toMatchObject({ error: 'UnrecognizedClientException' });
    expect(response.message).toMatch(NO_TOKENS);
  });

  it('refuses a wrong secret', async () => {
    const response = await send({}, asSent, { ...key, secretAccessKey: key.secretAccessKey.toLowerCase() });
    expect(response).toMatchObject({ error: 'InvalidSignatureException' });
  });

  it('accepts a key until it is revoked, and then responds as to an unknown key', async () => {
    const second = await endpoint.accessKeys.issue(ENVIRONMENT);
    const good = { accessKeyId: second.accessKeyId, secretAccessKey: second.secretAccessKey };
    expect((await send({}, asSent, good)).error).toBeUndefined();
    await endpoint.accessKeys.revoke(second.accessKeyId);
    const revoked = await send({}, asSent, good);
    const unknown = await send({}, asSent, { ...good, accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' });
    expect(revoked.error).toBe('UnrecognizedClientException');
    expect(revoked.text).toBe(unknown.text);
  });

  it('lets a key act only as its own account, even if the request names another', async () => {
    const body = JSON.stringify({
      ...CREATE,
      environmentName: 'own',
      clientToken: 'own',
      environmentAccountId: MANAGEMENT,
    });
    const { output } = await send({ operation: 'CreateEnvironmentAccountConnection', body });
    expect(output).toMatchObject({ environmentAccountConnection: { environmentAccountId: ENVIRONMENT } });
  });

  it('returns the first connection to a replayed create, and creates no second', async () => {
    const request = await signedRequest(endpoint.origin, key, {
      date: at(0),
      operation: 'CreateEnvironmentAccountConnection',
      body: JSON.stringify(CREATE),
    });
    const first = await sendHttp(endpoint.origin, request);
    const replays = await Promise.all(Array.from({ length: 5 }, () => sendHttp(endpoint.origin, request)));
    expect(first.status).toBe(200);
    expect(replays.map(({ text }) => text)).toEqual(replays.map(() => first.text));
    const { output } = await send();
    const named = (
      output as { environmentAccountConnections: { environmentName: string }[] }
    ).environmentAccountConnections.filter(
      ({ environmentName }) => environmentName === CREATE.environmentName,
    );
    expect(named).toHaveLength(1);
  });

  it('accepts a request that signs all its headers, including Date and a repeated one', async () => {
    const date = '20261122T093000Z';
    const { host } = new URL(endpoint.origin);
    const headers = {
      connection: 'keep-alive',
      'content-length': String(LIST.length),
      date: 'Sun, 22 Nov 2026 09:30:00 GMT',
      host,
      'x-amz-date': date,
      'x-amz-target': 'AwsProton20200720.ListEnvironmentAccountConnections',
      'x-note': ['b', 'a  b'],
    };
    const scope = { day: date.slice(0, 8), region: 'us-east-1', service: 'proton' };
    const fields = Object.entries(headers).map(([name, value]) => [name, [value].flat()] as const);
    const { secretAccessKey } = key;
    const signature = signatureOf({
      method: 'POST',
      url: '/',
      fields,
      body: Buffer.from(LIST),
      date,
      scope,
      secretAccessKey,
    });
    const authorization = `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${scope.day}/us-east-1/proton/aws4_request, SignedHeaders=${Object.keys(headers).join(';')}, Signature=${signature}`;
    const response = await sendHttp(endpoint.origin, { headers: { ...headers, authorization }, body: LIST });
    expect(response).toMatchObject({ status: 200, message: '' });
  });
});

describe('The server’s clock', () => {
  const signedAt = new Date('2026-11-22T09:30:00Z');
  let at = signedAt.getTime();
  let endpoint: RunningEndpoint;
  let key: Credentials;

  beforeAll(async () => {
    endpoint = await startEndpoint({ auth: 'sigv4', now: () => at });
    key = await endpoint.accessKeys.issue(ENVIRONMENT);
  });

  afterAll(() => endpoint.stop());

  it.each([
    [15 * MINUTE - 1, undefined],
    [15 * MINUTE, undefined],
    [15 * MINUTE + 1, 'RequestExpired'],
  ])('may be %i ms from the caller’s, either way: %s', async (skew, error) => {
    for (const offset of [skew, -skew]) {
      at = signedAt.getTime() + offset;
      const request = await signedRequest(endpoint.origin, key, { date: signedAt });
      expect((await sendHttp(endpoint.origin, request)).error).toBe(error);
    }
  });
});
