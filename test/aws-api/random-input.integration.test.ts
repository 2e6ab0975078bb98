import { createHash } from 'node:crypto';

import fc from 'fast-check';

import { unrestrictedViewer } from '../../src/proton/viewer';
import { signedRequest, type Credentials } from '../support/aws-signing';
import { startEndpoint, type RunningEndpoint } from '../support/aws-api';
import { sendHttp, unsignedHeaders, type WireResponse, type WireHeaders } from '../support/aws-call';
import { ENVIRONMENT, MANAGEMENT } from '../support/proton';
import { MODEL_OPERATIONS, PLACES } from '../support/proton-model';

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '',
    "'; DROP TABLE connections; --",
    '\u0000',
    '\ud800',
    MANAGEMENT,
    'MANAGEMENT_ACCOUNT',
    'PENDING',
    'AAAA',
    `arn:aws:iam::${ENVIRONMENT}:role/x`,
    `arn:aws:proton:us-east-1:${ENVIRONMENT}:environment-account-connection/00000000-0000-4000-8000-000000000000`,
    '00000000-0000-4000-8000-000000000000',
  ),
);
const values = fc.oneof(
  texts,
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, 0, -1, 1e308, true, [], {}),
  fc.array(fc.oneof(texts, fc.constant(null)), { maxLength: 3 }),
  fc.array(fc.record({ key: texts, value: texts }, { requiredKeys: [] }), { maxLength: 3 }),
);
const members = [
  ...new Set(PLACES.map(({ path: [name = ''] }) => name)),
  '__proto__',
  'constructor',
  'surprise',
];
const inputs = fc.dictionary(fc.constantFrom(...members), values, { maxKeys: 6 });

/** A body of every sort: JSON that is nearly an input, JSON that is not, the same with a byte changed, and mere bytes. */
const bodies = fc.oneof(
  { weight: 4, arbitrary: inputs.map((input) => Buffer.from(JSON.stringify(input))) },
  { weight: 1, arbitrary: values.map((value) => Buffer.from(JSON.stringify(value))) },
  {
    weight: 2,
    arbitrary: fc.tuple(inputs, fc.nat(), fc.nat(255)).map(([input, at, byte]) => {
      const bytes = Buffer.from(JSON.stringify(input));
      bytes[at % bytes.length] = byte;
      return bytes;
    }),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
);

const targets = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...MODEL_OPERATIONS).map((name) => `AwsProton20200720.${name}`) },
  { weight: 1, arbitrary: fc.stringMatching(/^[!-~]{0,30}$/) },
);

/** Every character that HTTP allows in a header's value. */
const headerText = fc.stringMatching(/^[\t -~\u0080-\u00ff]{0,60}$/);

describe.each(['none', 'sigv4'] as const)('With authentication %s, whatever is sent', (auth) => {
  let endpoint: RunningEndpoint;
  let key: Credentials;

  beforeAll(async () => {
    endpoint = await startEndpoint({ auth, quota: 1_000_000 });
    key = await endpoint.accessKeys.issue(ENVIRONMENT);
    await endpoint.service.session(unrestrictedViewer('test')).createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'x',
    });
  });

  afterAll(() => endpoint.stop());

  async function state(): Promise<string> {
    const session = endpoint.service.session(unrestrictedViewer('test'));
    const [page] = await session.listConnections([{ first: 100 }]);
    const [count] = await session.countConnections([{}]);
    return createHash('sha256')
      .update(JSON.stringify([count, page]))
      .digest('hex');
  }

  /** The response has AWS's format, reveals nothing internal, and an error changes nothing. */
  async function expectValidResponse(send: () => Promise<WireResponse>): Promise<void> {
    const before = await state();
    const { status, headers, text, error, message } = await send();
    expect([200, 400]).toContain(status);
    expect(headers['content-type']).toBe('application/x-amz-json-1.0');
    expect(text).not.toMatch(/node_modules|\.[jt]s:\d|SQLITE|SqliteError|TypeError|undefined/);
    if (status === 400) {
      expect(error).toMatch(/^[A-Z]\w+$/);
      expect(message).toMatch(/\w/);
      expect(await state()).toBe(before);
    }
    expect(endpoint.faults).toEqual([]);
  }

  it('in a body, gets a valid response and does no harm', async () => {
    await fc.assert(
      fc.asyncProperty(targets, bodies, async (target, body) => {
        await expectValidResponse(async () => {
          if (auth === 'none') {
            const headers = { ...unsignedHeaders(ENVIRONMENT, ''), 'x-amz-target': target };
            return sendHttp(endpoint.origin, { headers, body });
          }
          // The signer takes text, so a body that is not UTF-8 fails the signature check.
          const request = await signedRequest(endpoint.origin, key, {
            body: body.toString(),
            headers: { 'x-amz-target': target },
          });
          return sendHttp(endpoint.origin, { ...request, body });
        });
      }),
      { numRuns: auth === 'none' ? 400 : 100 },
    );
  });

  it('in a header, gets a valid response and does no harm', async () => {
    const body = '{"requestedBy":"ENVIRONMENT_ACCOUNT"}';
    const signed = await signedRequest(endpoint.origin, key, { body });
    const good: WireHeaders =
      auth === 'none' ? unsignedHeaders(ENVIRONMENT, 'ListEnvironmentAccountConnections') : signed.headers;
    const authorization = String(good['authorization']);
    const broken = fc.oneof(
      headerText,
      // A character changed, left out, or put in.
      fc
        .tuple(fc.nat(authorization.length), fc.nat(1), fc.stringMatching(/^[ -~]?$/))
        .map(([at, drop, put]) => authorization.slice(0, at) + put + authorization.slice(at + drop)),
      fc.tuple(headerText, headerText).map(([one, other]) => [one, other]),
    );
    const names = fc.constantFrom(
      'authorization',
      'authorization',
      'x-amz-date',
      'x-amz-target',
      'x-amz-content-sha256',
      'x-amz-security-token',
      'content-type',
      'accept-encoding',
      'x-forwarded-for',
    );
    await fc.assert(
      fc.asyncProperty(names, broken, async (name, value) => {
        await expectValidResponse(() =>
          sendHttp(endpoint.origin, { headers: { ...good, [name]: value }, body }),
        );
      }),
      { numRuns: 150 },
    );
  });
});
