import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';

import type { WireHeaders, WireRequest } from './aws-call';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SigningOptions {
  readonly region?: string;
  readonly service?: string;
  readonly operation?: string;
  readonly body?: string;
  readonly date?: Date;
  /** Additional headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that are sent but not signed. */
  readonly unsigned?: readonly string[];
  /** Headers to sign although signers usually don't. */
  readonly signed?: readonly string[];
}

/** Signs a request as an AWS client does. Tests send it, or change it first. */
export async function signedRequest(
  origin: string,
  credentials: Credentials,
  {
    region = 'us-east-1',
    service = 'proton',
    operation = 'ListEnvironmentAccountConnections',
    body = '{"requestedBy":"ENVIRONMENT_ACCOUNT"}',
    date = new Date(),
    headers = {},
    unsigned = [],
    signed = [],
  }: SigningOptions = {},
): Promise<WireRequest & { readonly headers: WireHeaders }> {
  const signer = new SignatureV4({
    service,
    region,
    credentials,
    sha256: Hash.bind(null, 'sha256'),
    applyChecksum: false,
  });
  const request = new HttpRequest({
    method: 'POST',
    path: '/',
    headers: {
      host: new URL(origin).host,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `AwsProton20200720.${operation}`,
      ...headers,
    },
    body,
  });
  const { headers: sent } = await signer.sign(request, {
    signingDate: date,
    unsignableHeaders: new Set(unsigned),
    signableHeaders: new Set(signed),
  });
  return { method: 'POST', path: '/', headers: sent, body };
}
