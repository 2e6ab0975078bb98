import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import * as fc from 'fast-check';

import { signatureOf } from '../../src/sigv4/canonical-request';

const HOST = 'subgraph.example';
const DATE = '20261122T093000Z';
const CREDENTIALS = { accessKeyId: 'AKIA0000000000000000', secretAccessKey: 'secret' };
const SCOPE = { day: DATE.slice(0, 8), region: 'us-east-1', service: 'proton-subgraph' };

describe('A signature of version 4 over a path and a query string', () => {
  const text = fc.string({ unit: 'binary', maxLength: 8 }).filter((value) => !/\p{Cs}/u.test(value));
  const segment = fc.oneof(
    text.filter((value) => !value.includes('/')).map(encodeURIComponent),
    fc.constantFrom('', '.', '..', 'graphql', '~a-b_c.d'),
  );

  it('is the one that AWS’s signer makes', async () => {
    const signer = new SignatureV4({
      service: SCOPE.service,
      region: SCOPE.region,
      credentials: CREDENTIALS,
      sha256: Hash.bind(null, 'sha256'),
      applyChecksum: false,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(segment, { maxLength: 5 }),
        fc.dictionary(text, fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })), { maxKeys: 4 }),
        async (segments, query) => {
          const path = `/${segments.join('/')}`;
          const signed = await signer.sign(
            new HttpRequest({ method: 'GET', path, query, headers: { host: HOST } }),
            { signingDate: new Date(Date.UTC(2026, 10, 22, 9, 30)) },
          );
          const pairs = Object.entries(query).flatMap(([name, values]) =>
            [values].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
          );
          const signature = signatureOf({
            method: 'GET',
            url: pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
            fields: [
              ['host', [HOST]],
              ['x-amz-date', [DATE]],
            ],
            body: Buffer.alloc(0),
            date: DATE,
            scope: SCOPE,
            secretAccessKey: CREDENTIALS.secretAccessKey,
          });
          expect(signed.headers['authorization']).toContain(`Signature=${signature}`);
        },
      ),
    );
  });
});
