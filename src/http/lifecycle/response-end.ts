import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Whether the client disconnected. */
export interface ClientDisconnect {
  /** Aborted when the client disconnects before it has the whole response. Created on first use, which is rare. */
  readonly signal: AbortSignal;
}

/** Watches the response, because Node emits `close` on a request as soon as its body is read. */
export function watchDisconnect(response: ServerResponse): ClientDisconnect {
  return new DisconnectWatch(response);
}

/** A class: see `toGraphQLPage` for what the getter of an object literal costs. */
class DisconnectWatch implements ClientDisconnect, ResponseListener {
  private controller: AbortController | undefined;

  constructor(private readonly response: ServerResponse) {}

  get signal(): AbortSignal {
    if (this.controller) return this.controller.signal;
    this.controller = new AbortController();
    onResponseEnd(this.response, this);
    return this.controller.signal;
  }

  responseEnded(): void {
    if (!this.response.writableFinished) this.controller?.abort();
  }
}

/** An object rather than a callback: those that exist anyway, such as a request's record, need no closure of their own. */
export interface ResponseListener {
  readonly responseEnded: (response: ServerResponse) => void;
}

/**
 * Calls the listener once, when the response is complete or its connection is closed. The response alone does not emit `close` when it
 * waits for earlier responses on the same connection and the connection closes.
 */
export function onResponseEnd(response: Watched, listener: ResponseListener): void {
  const listeners = response[LISTENERS];
  if (listeners) listeners.push(listener);
  else if (listeners === null || response.closed || response.req.socket.destroyed)
    listener.responseEnded(response);
  else {
    response[LISTENERS] = [listener];
    openResponsesOf(response.req.socket).push(response);
    response.on('close', responseClosed);
  }
}

/** The watched responses of a connection that have not ended, in the order of their requests. */
export function openResponses(socket: Socket): readonly ServerResponse[] {
  return openResponsesOf(socket);
}

/**
 * Properties of Node's objects, because an entry in a WeakMap for every request costs the garbage collector much more. Arrays, because a
 * Set that many short-lived objects pass through keeps them alive: each time it makes room, V8 leaves a table behind that refers to the
 * objects in it and to the next table, and the collections of young objects treat old tables as alive.
 */
const LISTENERS = Symbol('listeners for the end of the response');
const OPEN = Symbol('responses that have not ended');
type Watched = ServerResponse & { [LISTENERS]?: ResponseListener[] | null };
type WatchedSocket = Socket & { [OPEN]?: Watched[] };

function openResponsesOf(socket: WatchedSocket): Watched[] {
  if (socket[OPEN]) return socket[OPEN];
  socket.once('close', socketClosed);
  return (socket[OPEN] = []);
}

function responseClosed(this: Watched): void {
  const listeners = this[LISTENERS];
  if (!listeners) return;
  this[LISTENERS] = null;
  const open = openResponsesOf(this.req.socket);
  open.splice(open.indexOf(this), 1);
  for (const listener of listeners) listener.responseEnded(this);
}

function socketClosed(this: WatchedSocket): void {
  for (const response of [...(this[OPEN] ?? [])]) responseClosed.call(response);
}
