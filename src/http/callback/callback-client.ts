import { Agent as HttpAgent, request as requestHttp, type ClientRequest } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

/** Posts messages to routers. */
export interface CallbackClient {
  /**
   * Follows no redirect, and sends no credential.
   * @param body JSON
   * @returns the status of the response, once all of it is here
   * @throws Error if that takes longer than the timeout, the connection fails, or the signal is aborted. The wait for one of the
   * connections to the router does not count.
   */
  readonly post: (url: URL, body: string, signal: AbortSignal) => Promise<number>;
  /** Closes the connections that are kept open. */
  readonly close: () => void;
}

/** To one router; further messages wait. Each subscription has one message under way at a time. */
const MAX_SOCKETS = 100;

/** Routers answer with a short error, or nothing. */
const MAX_RESPONSE_BYTES = 65_536;

/** @param timeoutMs from when a message has a connection, or opens one, until the response is complete */
export function createCallbackClient(timeoutMs: number, maxSockets = MAX_SOCKETS): CallbackClient {
  const options = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets };
  const http = { request: requestHttp, agent: new HttpAgent(options) };
  const https = { request: requestHttps, agent: new HttpsAgent(options) };

  function send(
    url: URL,
    body: string,
    signal: AbortSignal,
  ): { request: ClientRequest; status: Promise<number> } {
    const { request: start, agent } = url.protocol === 'https:' ? https : http;
    const request = start(url, {
      method: 'POST',
      agent,
      signal,
      headers: {
        // Hive Gateway parses the body only for exactly this type.
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'subscription-protocol': 'callback/1.0',
      },
    });
    const status = new Promise<number>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      // Comes before the connection is open, and late when all of the agent's sockets are in use.
      request.on('socket', () => {
        timer = setTimeout(() => {
          request.destroy(new Error(`there was no response within ${String(timeoutMs)} ms`));
        }, timeoutMs);
      });
      request.on('response', (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_RESPONSE_BYTES) request.destroy(new Error('the response is too long'));
        });
        response.on('end', () => {
          resolve(response.statusCode ?? 0);
        });
        response.on('error', reject);
      });
      request.on('error', reject);
      request.on('close', () => {
        clearTimeout(timer);
        reject(new Error('the connection was closed before the end of the response'));
      });
      request.end(body);
    });
    return { request, status };
  }

  return {
    async post(url, body, signal) {
      const { request, status } = send(url, body, signal);
      try {
        return await status;
      } catch (error) {
        // The router closed an idle connection just as it was used again.
        if (!request.reusedSocket || !isReset(error) || signal.aborted) throw error;
        return send(url, body, signal).status;
      }
    },
    close() {
      http.agent.destroy();
      https.agent.destroy();
    },
  };
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
