import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Webhook } from 'standardwebhooks';

import type { Random } from '../postgres/chaos/random';

export const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

/** An event that was taken. */
export interface Delivery {
  readonly eventId: string;
  readonly connectionId: string;
  readonly status: string;
  /** On the clock of `performance.now()`. */
  readonly at: number;
}

export interface FlawedReceiver {
  readonly url: string;
  /** In the order in which they were taken. */
  readonly deliveries: readonly Delivery[];
  readonly tries: () => number;
  readonly faults: readonly string[];
  /** Fails each try of this connection, until `recover`. */
  readonly failAlways: (connectionId: string) => void;
  /** Fails no more. */
  readonly recover: () => void;
  /** Answers all requests with 503 for a time. */
  readonly goDown: (ms: number) => void;
  readonly close: () => Promise<void>;
}

export interface FlawedReceiverOptions {
  readonly random: Random;
  /** The share of the tries that fail. */
  readonly failures: number;
  /** Called when a request has come, before and after it is answered. */
  readonly onRequest: (moment: 'before' | 'after') => void;
}

/** Starts a receiver that verifies each message, and fails now and then. */
export async function startFlawedReceiver({
  random,
  failures,
  onRequest,
}: FlawedReceiverOptions): Promise<FlawedReceiver> {
  const webhook = new Webhook(SECRET);
  const deliveries: Delivery[] = [];
  const faults: string[] = [];
  let tries = 0;
  let failing: string | undefined;
  let share = failures;
  let downUntil = -Infinity;

  function statusFor(body: string, headers: Record<string, string>): number {
    let event;
    try {
      event = webhook.verify(body, headers) as {
        readonly id: string;
        readonly detail: { readonly id: string; readonly status: string };
      };
    } catch (error) {
      faults.push(`a message without a valid signature: ${String(error)}`);
      return 400;
    }
    if (headers['webhook-id'] !== event.id)
      faults.push(`${event.id} was sent as ${String(headers['webhook-id'])}`);
    if (performance.now() < downUntil || event.detail.id === failing || random.next() < share) return 503;
    deliveries.push({
      eventId: event.id,
      connectionId: event.detail.id,
      status: event.detail.status,
      at: performance.now(),
    });
    return 204;
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      tries += 1;
      onRequest('before');
      response.statusCode = statusFor(
        Buffer.concat(chunks).toString(),
        request.headers as Record<string, string>,
      );
      response.end(() => {
        onRequest('after');
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    deliveries,
    tries: () => tries,
    faults,
    failAlways(connectionId) {
      failing = connectionId;
    },
    recover() {
      failing = undefined;
      share = 0;
      downUntil = -Infinity;
    },
    goDown(ms) {
      downUntil = performance.now() + ms;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
