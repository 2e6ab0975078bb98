import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A statement that a client has sent, and that waits in the switch. */
export interface HeldStatement {
  readonly text: string;
  /** The statements of the session since its last BEGIN, in order, and this one at the end. */
  readonly transaction: readonly string[];
  /** Passes it on to the server. */
  readonly forward: () => void;
  /** From now on nothing passes in either direction, as when packets are lost. */
  readonly silence: () => void;
  /** Ends the client's connection. The server learns of it later. */
  readonly cut: () => void;
  /** Resolves when the server answers COMMIT. */
  readonly committed: Promise<unknown>;
}

/** What happens to a statement instead of being passed on. Later statements of its session wait for it. */
export type WireFault = (statement: HeldStatement) => void | Promise<void>;

export interface DatabaseSwitch {
  /** The database's URL through the switch. */
  readonly url: string;
  /** Sends new connections to another server. */
  readonly turnTo: (port: number) => void;
  readonly endConnections: () => void;
  /** From now on nothing passes on the connections that are open, and no end ends them either: as when a host has vanished. */
  readonly silenceConnections: () => void;
  /** Chooses the fault of every later statement; undefined passes it on. */
  readonly use: (faultFor: (statement: HeldStatement) => WireFault | undefined) => void;
  readonly stop: () => Promise<void>;
}

/** Starts a TCP server in front of a PostgreSQL that understands enough of the protocol to find statements in it. */
export async function startDatabaseSwitch(database: string): Promise<DatabaseSwitch> {
  let port = Number(new URL(database).port);
  let faultFor: (statement: HeldStatement) => WireFault | undefined = () => undefined;
  const sockets = new Set<Socket>();
  const silences = new Set<() => void>();

  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
    }
    const silence = joinSession(client, upstream, (statement) => faultFor(statement));
    silences.add(silence);
    client.once('close', () => silences.delete(silence));
  });
  const endConnections = () => {
    for (const socket of sockets) socket.destroy();
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: Object.assign(new URL(database), { host: `127.0.0.1:${String(address.port)}` }).href,
    turnTo(next) {
      port = next;
    },
    endConnections,
    silenceConnections() {
      for (const silence of silences) silence();
    },
    use(next) {
      faultFor = next;
    },
    async stop() {
      server.close();
      endConnections();
      await once(server, 'close');
    },
  };
}

/** Fails the first statement that matches, and passes on all others. Resolves when it has come. */
export function failOnce(
  { use }: Pick<DatabaseSwitch, 'use'>,
  matches: (statement: HeldStatement) => boolean,
  fault: WireFault,
): Promise<HeldStatement> {
  return new Promise((resolve) => {
    use((statement) => {
      if (!matches(statement)) return undefined;
      use(() => undefined);
      resolve(statement);
      return fault;
    });
  });
}

/** @returns a function after which nothing passes any more */
function joinSession(
  client: Socket,
  upstream: Socket,
  faultFor: (statement: HeldStatement) => WireFault | undefined,
): () => void {
  let isSilent = false;
  let isCut = false;
  let transaction: readonly string[] = [];
  let onCommit: () => void = () => undefined;

  const silence = () => {
    isSilent = true;
  };

  async function pass({ text, bytes }: ClientMessages): Promise<void> {
    if (isSilent || isCut) return;
    const forward = () => void upstream.write(bytes);
    if (text === undefined) {
      forward();
      return;
    }
    transaction = text.startsWith('BEGIN') ? [text] : [...transaction, text];
    const statement: HeldStatement = {
      text,
      transaction,
      forward,
      silence,
      cut() {
        isCut = true;
        client.destroy();
      },
      committed: new Promise<void>((resolve) => (onCommit = resolve)),
    };
    const fault = faultFor(statement);
    if (fault) await fault(statement);
    else forward();
  }

  let passed: Promise<void> = Promise.resolve();
  const split = splitMessages();
  client.on('data', (chunk) => {
    for (const messages of split(chunk)) passed = passed.then(() => pass(messages));
  });
  upstream.on('data', (chunk) => {
    if (chunk.includes('COMMIT\0')) onCommit();
    if (!isSilent && !isCut) client.write(chunk);
  });
  client.once('close', () => {
    if (!isCut) upstream.destroy();
  });
  upstream.once('close', () => {
    if (!isSilent) client.destroy();
  });
  return silence;
}

/** Messages that belong together: a statement, or one message of the start of a session. */
interface ClientMessages {
  readonly bytes: Buffer;
  /** The statement, if they are one. */
  readonly text: string | undefined;
}

const [QUERY, PARSE, BIND, SYNC] = ['Q', 'P', 'B', 'S'].map((type) => type.charCodeAt(0));
const STARTS_A_STATEMENT = [QUERY, PARSE, BIND];

/** @returns a function that takes what a client sends, in pieces, and returns the messages that are complete */
function splitMessages(): (chunk: Buffer) => readonly ClientMessages[] {
  /** The texts of prepared statements, by name. */
  const prepared = new Map<string, string>();
  let rest = Buffer.alloc(0);
  let statement: Buffer[] = [];
  let text: string | undefined;
  let hasStarted = false;

  return (chunk) => {
    const complete: ClientMessages[] = [];
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      // The first message of a session has no type.
      const typeLength = hasStarted ? 1 : 0;
      if (rest.length < typeLength + 4) return complete;
      const end = typeLength + rest.readInt32BE(typeLength);
      if (rest.length < end) return complete;
      const [type] = hasStarted ? rest : [];
      const message = rest.subarray(0, end);
      rest = rest.subarray(end);
      hasStarted = true;
      if (type === undefined || (statement.length === 0 && !STARTS_A_STATEMENT.includes(type))) {
        complete.push({ bytes: message, text: undefined });
        continue;
      }
      const strings = message.toString('latin1', typeLength + 4).split('\0');
      if (type === QUERY) text = strings[0];
      if (type === PARSE) prepared.set(strings[0] ?? '', (text = strings[1] ?? ''));
      if (type === BIND) text = prepared.get(strings[1] ?? '');
      statement.push(message);
      if (type !== QUERY && type !== SYNC) continue;
      complete.push({ bytes: Buffer.concat(statement), text });
      statement = [];
    }
  };
}
