import { createHmac, type KeyObject } from 'node:crypto';

/** A message as it is signed. */
export interface SignedMessage {
  /** The same in every try. */
  readonly id: string;
  /** The time of this try, in milliseconds since the epoch. */
  readonly at: number;
  readonly body: string;
}

/**
 * The headers of Standard Webhooks 1.0: one signature for each secret, so that a receiver verifies with the old or the new one while a
 * secret is replaced.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signatureHeaders({ id, at, body }: SignedMessage, secrets: readonly KeyObject[]) {
  const timestamp = String(Math.floor(at / 1000));
  const signatures = secrets.map((secret) => {
    const hmac = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`);
    return `v1,${hmac.digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
