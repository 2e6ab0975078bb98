import { randomUUID } from 'node:crypto';

import pg from 'pg';

import { asError } from '../../../proton/failure';
import { WATCH_MS } from '../../change-feed';
import { createWatchers, type Watchers } from '../../watchers';
import type { Database, PostgresConnection } from '../database';

/** How long to wait before the lost session of a listener is opened again, in milliseconds. */
const PAUSE_MS = 1_000;
const KEEP_ALIVE_MS = 10_000;

const CHANNEL = 'proton_subgraph_feed';
/** A transaction of its own: a notification in the transaction of a write would make all writers wait for each other. */
const NOTIFY = `SELECT pg_notify('${CHANNEL}', $1::text)`;

export interface AnnouncementOptions {
  readonly database: Database;
  /** Where to listen for notifications of other processes. Undefined: none is sent, and changes are found by polling alone. */
  readonly listenConnection: PostgresConnection | undefined;
  /** Receives the first error of an outage, after which this process doesn't listen, and undefined when it listens again. */
  readonly listening: (error: Error | undefined) => void;
}

/** What makes readers of the feed look early: that they find all changes rests on polling. */
export interface Announcements extends Pick<Watchers, 'add' | 'clear'> {
  /** Call it when changes have got positions. */
  readonly announce: () => void;
}

export function announcementsOn({
  database,
  listenConnection,
  listening,
}: AnnouncementOptions): Announcements {
  /** This process has announced its own changes to itself. */
  const self = randomUUID();

  const watchers = createWatchers(() => {
    const timer = setInterval(watchers.signal, WATCH_MS);
    timer.unref();
    const stopListening =
      listenConnection && listenOn(listenConnection, { self, changed: watchers.signal, listening });
    return () => {
      clearInterval(timer);
      stopListening?.();
    };
  });

  return {
    add: watchers.add,
    clear: watchers.clear,
    announce() {
      watchers.signal();
      if (listenConnection) database.run({ text: NOTIFY, values: [self] }).catch(() => undefined);
    },
  };
}

interface Listener extends Pick<AnnouncementOptions, 'listening'> {
  readonly self: string;
  readonly changed: () => void;
}

/** Listens in a session of its own, which it opens again when it is lost. @returns what ends it */
function listenOn(connection: PostgresConnection, { self, changed, listening }: Listener): () => void {
  let client: pg.Client | undefined;
  let again: NodeJS.Timeout | undefined;
  let isReported = false;

  function lost(session: pg.Client, error: Error): void {
    if (client !== session) return;
    close();
    if (!isReported) listening(error);
    isReported = true;
    again = setTimeout(() => {
      again = undefined;
      void open();
    }, PAUSE_MS);
    again.unref();
  }

  function close(): void {
    client?.end().catch(() => undefined);
    client = undefined;
  }

  async function open(): Promise<void> {
    const opened = new pg.Client({
      ...connection,
      application_name: 'proton-subgraph listener',
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      connectionTimeoutMillis: PAUSE_MS,
    });
    client = opened;
    opened.on('error', (error) => {
      lost(opened, error);
    });
    opened.on('end', () => {
      lost(opened, new Error('the session that listens has ended'));
    });
    opened.on('notification', ({ payload }) => {
      if (payload !== self) changed();
    });
    try {
      await opened.connect();
      await opened.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      lost(opened, asError(error));
      return;
    }
    if (isReported) listening(undefined);
    isReported = false;
    changed();
  }

  void open();
  return () => {
    clearTimeout(again);
    close();
  };
}
