import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Whether the client disconnected. */
export interface ClientDisconnect {
  /** Aborted when the client disconnects before it has the whole response. Created on first use, which is rare. */
  readonly signal: AbortSignal;
}

/** Watches the response, because Node emits `close` on a request as soon as its body is read. */
export function watchDisconnect(response: ServerResponse): ClientDisconnect {
  let controller: AbortController | undefined;
  return {
    get signal() {
      if (controller) return controller.signal;
      const created = (controller = new AbortController());
      onResponseEnd(response, () => {
        if (!response.writableFinished) created.abort();
      });
      return created.signal;
    },
  };
}

/**
 * Calls back once, when the response is complete or its connection is closed. The response alone does not emit `close` when it
 * waits for earlier responses on the same connection and the connection closes.
 */
export function onResponseEnd(response: ServerResponse, callback: () => void): void {
  const watched: Watched = response;
  if (!watched[END]) {
    const { socket } = response.req;
    if (response.closed || socket.destroyed) {
      callback();
      return;
    }
    watched[END] = new ResponseEnd(response, socket);
  }
  watched[END].add(callback);
}

/** Properties of Node's objects: an entry in a WeakMap for every request costs the garbage collector much more. */
const END = Symbol('end of the response');
const OPEN = Symbol('responses that have not ended');
type Watched = ServerResponse & { [END]?: ResponseEnd };
type WatchedSocket = Socket & { [OPEN]?: Set<ResponseEnd> };

/** One listener for a response and one for its connection, however many callbacks wait. */
class ResponseEnd {
  private readonly callbacks: (() => void)[] = [];
  private readonly open: Set<ResponseEnd>;

  constructor(response: ServerResponse, socket: WatchedSocket) {
    this.open = socket[OPEN] ?? watchSocket(socket);
    this.open.add(this);
    response.once('close', () => {
      this.end();
    });
  }

  add(callback: () => void): void {
    if (this.open.has(this)) this.callbacks.push(callback);
    else callback();
  }

  end(): void {
    if (!this.open.delete(this)) return;
    for (const callback of this.callbacks) callback();
  }
}

function watchSocket(socket: WatchedSocket): Set<ResponseEnd> {
  const open = new Set<ResponseEnd>();
  socket[OPEN] = open;
  socket.once('close', () => {
    for (const end of open) end.end();
  });
  return open;
}
