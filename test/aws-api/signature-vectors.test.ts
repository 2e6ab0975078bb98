import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';

import { signatureOf } from '../../src/sigv4/canonical-request';
import type { SignedField } from '../../src/sigv4/headers';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const DATE = '20150830T123600Z';
const SCOPE = { day: '20150830', region: 'us-east-1', service: 'service' };

const HOST: SignedField = ['host', ['example.amazonaws.com']];
const AMZ_DATE: SignedField = ['x-amz-date', [DATE]];
const FORM = 'application/x-www-form-urlencoded';

describe('A Signature Version 4 signature', () => {
  it.each<[string, string, readonly SignedField[], string, string]>([
    [
      'get-vanilla',
      'GET',
      [HOST, AMZ_DATE],
      '',
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
    [
      'post-vanilla',
      'POST',
      [HOST, AMZ_DATE],
      '',
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'post-header-key-sort',
      'POST',
      [HOST, ['my-header1', ['value1']], AMZ_DATE],
      '',
      'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
    ],
    [
      'post-header-value-case',
      'POST',
      [HOST, ['my-header1', ['VALUE1']], AMZ_DATE],
      '',
      'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
    ],
    [
      'get-header-value-trim',
      'GET',
      [HOST, ['my-header1', [' value1']], ['my-header2', [' "a   b   c"']], AMZ_DATE],
      '',
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    [
      'get-header-key-duplicate',
      'GET',
      [HOST, ['my-header1', ['value2', 'value2', 'value1']], AMZ_DATE],
      '',
      'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
    ],
    [
      'get-header-value-order',
      'GET',
      [HOST, ['my-header1', ['value4', 'value1', 'value3', 'value2']], AMZ_DATE],
      '',
      '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
    ],
    [
      'post-x-www-form-urlencoded',
      'POST',
      [['content-type', [FORM]], HOST, AMZ_DATE],
      'Param1=value1',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
    [
      'post-x-www-form-urlencoded-parameters',
      'POST',
      [['content-type', [`${FORM}; charset=utf8`]], HOST, AMZ_DATE],
      'Param1=value1',
      '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
    ],
  ])('equals the one in AWS’s test suite: %s', (_title, method, fields, body, expected) => {
    const request = { method, fields, body: Buffer.from(body), date: DATE };
    expect(signatureOf({ ...request, url: '/', scope: SCOPE, secretAccessKey: SECRET })).toBe(expected);
  });

  // Headers that AWS's signer for JavaScript sets itself or never signs.
  const OWN = new Set(['authorization', 'date', 'x-amz-date', 'x-amz-content-sha256']);

  const names = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/).filter((name) => !OWN.has(name));
  // In headers, only blanks and tabs count as spaces, unlike in JavaScript.
  const text = fc
    .oneof(fc.string(), fc.string({ unit: 'grapheme' }))
    .filter((value) => !/[^\S \t]/.test(value));
  const values = fc.oneof(
    text,
    fc.array(fc.constantFrom(' ', '  ', '\t', 'a', 'b')).map((parts) => parts.join('')),
  );
  const requests = fc.record({
    method: fc.constantFrom('POST', 'PUT'),
    headers: fc.dictionary(names, values, { noNullPrototype: true }),
    body: fc.uint8Array(),
    day: fc.integer({ min: 0, max: 20_000 }),
    secretAccessKey: fc.string({ minLength: 1 }),
    region: fc.constantFrom('us-east-1', 'eu-central-2'),
  });

  it('equals the one that AWS’s signer creates for any request', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async ({ method, headers, body, day, secretAccessKey, region }) => {
        const signingDate = new Date(day * 86_400_000 + 12_345_000);
        const signer = new SignatureV4({
          service: 'proton',
          region,
          credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey },
          sha256: Hash.bind(null, 'sha256'),
          applyChecksum: false,
        });
        const signed = await signer.sign(new HttpRequest({ method, path: '/', headers, body }), {
          signingDate,
          signableHeaders: new Set(Object.keys(headers)),
        });
        const date = signed.headers['x-amz-date'] ?? '';
        const fields = Object.entries<string>({ ...headers, 'x-amz-date': date })
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([name, value]): SignedField => [name, [Buffer.from(value).toString('latin1')]]);
        const own = signatureOf({
          method,
          url: '/',
          fields,
          body: Buffer.from(body),
          date,
          scope: { day: date.slice(0, 8), region, service: 'proton' },
          secretAccessKey,
        });
        expect(signed.headers['authorization']).toContain(
          `SignedHeaders=${fields.map(([name]) => name).join(';')}`,
        );
        expect(signed.headers['authorization']).toContain(`Signature=${own}`);
      }),
      { numRuns: 300 },
    );
  });
});
