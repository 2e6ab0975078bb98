import type { KeyObject } from 'node:crypto';
import { lookup as lookUp } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';

import { isLoopbackAddress, isRefusedAddress } from './addresses';
import { envelopeIn } from './envelope';
import { signatureHeaders } from './signature';
import { failureOf, type SendOutcome, type Transport } from './transport';

export interface WebhookOptions {
  /** https, or http to loopback. */
  readonly url: string;
  readonly secrets: readonly KeyObject[];
  /** Connections that may be open at a time. */
  readonly maxConnections: number;
  /** Finds the addresses of a host name; by default as the operating system does. */
  readonly resolve?: ((host: string) => Promise<readonly Address[]>) | undefined;
}

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** An idle connection is closed after this time, in milliseconds: sooner than most servers do it, which could cross with a request. */
const IDLE_MS = 4_000;

/** How much of a response is read, in bytes, so that its connection can be used again. Its content does not matter. */
const MAX_RESPONSE_BYTES = 65_536;

const GONE = 410;
const TOO_MANY_REQUESTS = 429;

/** Posts one message a request, signed as Standard Webhooks has it. Redirects are failures. */
export function webhookTransport({
  url,
  secrets,
  maxConnections,
  resolve = (host) => lookUp(host, { all: true }),
}: WebhookOptions): Transport {
  const target = new URL(url);
  const { protocol, hostname } = target;
  const host = hostname.replace(/^\[|\]$/g, '');
  const { Agent, request } = protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: maxConnections, timeout: IDLE_MS });

  /** The addresses of the host, now. @throws Error when there is one that no event is sent to */
  async function addressesOf(signal: AbortSignal): Promise<readonly Address[]> {
    const addresses = await Promise.race([resolve(host), aborted(signal)]);
    const isRefused = ({ address }: Address) =>
      isRefusedAddress(address) || (protocol === 'http:' && !isLoopbackAddress(address));
    if (addresses.length === 0 || addresses.some(isRefused)) {
      throw new Error(
        protocol === 'http:'
          ? 'the host of an http URL is not on loopback'
          : 'the host has a link-local, metadata or unspecified address',
      );
    }
    return addresses;
  }

  function post(message: string, addresses: readonly Address[], signal: AbortSignal): Promise<Posted> {
    const { id } = envelopeIn(message);
    return new Promise((resolve) => {
      let isConnected = false;
      const sent = request(target, {
        method: 'POST',
        agent,
        signal,
        // Only to an address that was checked. An open connection goes to one that was checked when it was made.
        lookup: lookupIn(addresses),
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(message),
          'user-agent': 'proton-subgraph',
          ...signatureHeaders({ id, at: Date.now(), body: message }, secrets),
        },
      });
      sent.once('socket', (socket) => {
        if (sent.reusedSocket) isConnected = true;
        else socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => (isConnected = true));
      });
      sent.once('response', (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_RESPONSE_BYTES) response.destroy();
        });
        response.on('error', () => undefined);
        response.once('close', () => {
          resolve({ kind: 'answered', outcome: outcomeOf(response) });
        });
      });
      // After a response, this has no effect.
      sent.on('error', (error) => {
        const isStale = sent.reusedSocket && !signal.aborted;
        resolve({ kind: 'lost', isStale, outcome: failureOf(error, signal, !isConnected) });
      });
      sent.end(message);
    });
  }

  async function send(message: string, signal: AbortSignal): Promise<SendOutcome> {
    try {
      const addresses = await addressesOf(signal);
      let posted = await post(message, addresses, signal);
      // The server has closed an idle connection while the request was on its way.
      while (posted.kind === 'lost' && posted.isStale) posted = await post(message, addresses, signal);
      return posted.outcome;
    } catch (error) {
      return failureOf(error, signal, true);
    }
  }

  return {
    kind: 'webhook',
    batchSize: 1,
    send: (messages, signal) => Promise.all(messages.map((message) => send(message, signal))),
    close() {
      agent.destroy();
    },
  };
}

type Posted =
  | { readonly kind: 'answered'; readonly outcome: SendOutcome }
  /** @property isStale whether the connection had been used before, and was lost before a response began */
  | { readonly kind: 'lost'; readonly isStale: boolean; readonly outcome: SendOutcome };

function outcomeOf({ statusCode = 0, headers }: http.IncomingMessage): SendOutcome {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'taken' };
  if (statusCode === GONE) return { kind: 'gone' };
  const isDown = statusCode === TOO_MANY_REQUESTS;
  return {
    kind: 'failed',
    reason: `the answer was ${String(statusCode)}`,
    isDown,
    isRefusal: statusCode >= 400 && statusCode < 500 && !isDown,
    retryAfterMs: retryAfterOf(headers['retry-after']),
  };
}

/** Seconds, or a date. */
function retryAfterOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function lookupIn(addresses: readonly Address[]): LookupFunction {
  return (_host, options, done) => {
    const [first] = addresses;
    if (options.all) done(null, [...addresses]);
    else done(null, first?.address ?? '', first?.family);
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
