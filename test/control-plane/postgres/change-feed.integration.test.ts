import { EventEmitter, once } from 'node:events';

import { Client } from 'pg';

import { openDatabase } from '../../../src/control-plane/postgres/database';
import { deleteChanges, deleteTokens } from '../../../src/control-plane/postgres/feed/expired-rows';
import { sequence } from '../../../src/control-plane/postgres/feed/sequencer';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { describeWithPostgres, usePostgres } from '../../support/postgres';
import {
  connectionTo,
  controlPlaneOn,
  emptyTables,
  openTestStore,
  type StoreOverrides,
} from '../../support/postgres-store';
import { ENVIRONMENT, MANAGEMENT } from '../../support/proton';
import { describeChangeFeed, readChanges } from '../change-feed.contract';

/** As a store writes them when it accepts the only connection. */
const ACCEPTED_EVENTS = `INSERT INTO connection_events
  SELECT connection_id, 2, gen_random_uuid(), 'ACCEPTED', 'CONNECTED', 'PENDING', actor, occurred_at FROM connection_events`;

const WAITING = `SELECT 1 FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;

const END_LISTENERS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND query LIKE 'LISTEN%'`;

describeWithPostgres('On PostgreSQL', () => {
  const database = usePostgres();

  async function start(overrides?: StoreOverrides) {
    const store = await openTestStore(database.url, overrides);
    await emptyTables(database);
    return { ...controlPlaneOn(store), end: store.close };
  }

  const asking = (environmentName: string) => ({
    managementAccountId: MANAGEMENT,
    environmentAccountId: ENVIRONMENT,
    environmentName,
  });

  describeChangeFeed('in its tables', start);

  describe('The change feed in its tables', () => {
    it('gives changes positions that another process left behind when it ended', async () => {
      const { service, store, end } = await start();
      const { id } = await service.session(unrestrictedViewer('someone')).createConnection(asking('one'));
      await readChanges(store, 0, 1);
      await database.query(ACCEPTED_EVENTS);
      await database.query('INSERT INTO unsequenced VALUES ($1, 2)', [id]);
      expect(await readChanges(store, 1, 1)).toMatchObject([
        { position: 2, version: 2, event: { type: 'ACCEPTED' } },
      ]);
      await end();
    });

    it('shows the connection as it now is for a change of an earlier version, and leaves out one that is gone', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      const kept = await session.createConnection(asking('kept'));
      const gone = await session.createConnection(asking('gone'));
      await readChanges(store, 0, 2);
      const accepted = await session.acceptConnection(kept);
      await session.deleteConnection(gone);
      await readChanges(store, 2, 2);
      await database.query('UPDATE connection_events SET snapshot = NULL');
      const page = await store.feed.read(0, 10);
      if (page === 'removed') throw new Error('nothing was removed');
      expect(page.changes.map(({ connection }) => connection)).toEqual([
        { ...accepted, status: 'PENDING' },
        accepted,
      ]);
      expect(page.position).toBe(4);
      await end();
    });

    it('gives positions to the last changes before a store closes', async () => {
      const { service, end } = await start();
      await service.session(unrestrictedViewer('someone')).createConnection(asking('one'));
      await end();
      expect(await database.query('SELECT position FROM feed')).toEqual([{ position: '1' }]);
    });

    it('says that changes were removed, to a reader who has not read them', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      for (const name of ['one', 'two', 'three']) await session.createConnection(asking(name));
      await readChanges(store, 0, 3);
      await database.query('DELETE FROM feed WHERE position <= 2');
      expect(await store.feed.read(0, 10)).toBe('removed');
      expect(await store.feed.read(1, 10)).toBe('removed');
      expect(await store.feed.read(2, 10)).toMatchObject({ changes: [{ position: 3 }] });
      await database.query('DELETE FROM feed');
      expect(await store.feed.read(2, 10)).toBe('removed');
      expect(await store.feed.read(3, 10)).toEqual({ changes: [], unreadable: [], position: 3 });
      await end();
    });

    it('does not hold back changes behind a transaction that is still open', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      const one = await session.createConnection(asking('one'));
      await readChanges(store, 0, 1);
      const open = new Client({ connectionString: database.url });
      await open.connect();
      await open.query('BEGIN');
      await open.query(ACCEPTED_EVENTS);
      await open.query('INSERT INTO unsequenced VALUES ($1, 2)', [one.id]);
      await session.createConnection(asking('two'));
      expect(await readChanges(store, 1, 1)).toMatchObject([{ position: 2, event: { type: 'CREATED' } }]);
      await open.query('COMMIT');
      await open.end();
      expect(await readChanges(store, 2, 1)).toMatchObject([
        { position: 3, version: 2, event: { type: 'ACCEPTED', connectionId: one.id } },
      ]);
      await end();
    });

    it('gives positions under the lock on its head, to all changes that were committed before it has that', async () => {
      const { service, end } = await start();
      const { id } = await service.session(unrestrictedViewer('someone')).createConnection(asking('one'));
      await end();
      const own = openDatabase({
        connection: connectionTo(database.url),
        poolSize: 1,
        timeoutMs: 10_000,
        prepare: true,
      });
      const head = new Client({ connectionString: database.url });
      await head.connect();
      await database.query('INSERT INTO unsequenced VALUES ($1, 2)', [id]);
      await head.query('BEGIN');
      await head.query('SELECT position FROM feed_head FOR UPDATE');
      const moved = sequence(own, 1);
      let waiting: readonly unknown[] = [];
      while (waiting.length === 0) waiting = await database.query(WAITING);
      await database.query('INSERT INTO unsequenced VALUES ($1, 3)', [id]);
      await head.query('COMMIT');
      expect(await moved).toBe(2);
      expect(await database.query('SELECT version, position FROM feed ORDER BY position')).toEqual([
        { version: '1', position: '1' },
        { version: '2', position: '2' },
        { version: '3', position: '3' },
      ]);
      await head.end();
      await own.close();
    });

    it('keeps changes that have expired behind one that has not, because clocks differ', async () => {
      const { service, store, end } = await start();
      const session = service.session(unrestrictedViewer('someone'));
      for (const name of ['one', 'two', 'three', 'four']) await session.createConnection(asking(name));
      await readChanges(store, 0, 4);
      await database.query('UPDATE feed SET sequenced_at = CASE position WHEN 2 THEN 200 ELSE 100 END');
      const own = openDatabase({
        connection: connectionTo(database.url),
        poolSize: 1,
        timeoutMs: 10_000,
        prepare: true,
      });
      await deleteChanges(own, 150);
      await own.close();
      expect(await store.feed.read(0, 10)).toBe('removed');
      expect(await store.feed.read(1, 10)).toMatchObject({
        changes: [{ position: 2 }, { position: 3 }, { position: 4 }],
      });
      // Whatever removed it, a missing change is noticed.
      await database.query('DELETE FROM feed WHERE position = 3');
      expect(await store.feed.read(1, 10)).toBe('removed');
      await end();
    });

    it('calls those who watch it after another process has written, by polling alone', async () => {
      const { store, end } = await start();
      const other = controlPlaneOn(await openTestStore(database.url));
      const seen = new Promise<number>((resolve, reject) => {
        store.feed.watch(() => {
          store.feed.head().then((head) => {
            if (head > 0) resolve(head);
          }, reject);
        });
      });
      await other.service.session(unrestrictedViewer('someone')).createConnection(asking('one'));
      expect(await seen).toBe(1);
      await other.store.close();
      await end();
    });

    it('calls those who watch it when another process announces a change, before it polls', async () => {
      const listenConnection = connectionTo(database.url);
      const other = controlPlaneOn(await openTestStore(database.url, { listenConnection }));
      // Polling is the only thing that repeats.
      jest.useFakeTimers({
        doNotFake: ['setTimeout', 'setImmediate', 'nextTick', 'queueMicrotask', 'Date', 'performance'],
      });
      const { store, end } = await start({ listenConnection });
      try {
        const calls = new EventEmitter();
        store.feed.watch(() => calls.emit('call'));
        // From now on it listens.
        await once(calls, 'call');
        await Promise.all([
          once(calls, 'call'),
          other.service.session(unrestrictedViewer('someone')).createConnection(asking('one')),
        ]);
        expect(await store.feed.head()).toBe(1);
      } finally {
        jest.useRealTimers();
        await other.store.close();
        await end();
      }
    });

    it('reports a lost session that listened, and listens again', async () => {
      const states = new EventEmitter();
      const { store, end } = await start({
        listenConnection: connectionTo(database.url),
        listening: (error) => states.emit(error === undefined ? 'listening' : 'lost', error),
      });
      const calls = new EventEmitter();
      const stop = store.feed.watch(() => calls.emit('call'));
      const lost = once(states, 'lost');
      const again = once(states, 'listening');
      while ((await database.query(END_LISTENERS)).length === 0) await once(calls, 'call');
      expect(await lost).toMatchObject([{ code: '57P01' }]);
      await again;
      stop();
      await end();
    });

    it('deletes changes and client tokens that have expired, however many', async () => {
      const { end } = await start();
      const own = openDatabase({
        connection: connectionTo(database.url),
        poolSize: 1,
        timeoutMs: 10_000,
        prepare: true,
      });
      await database.query(
        'INSERT INTO feed SELECT number, gen_random_uuid(), 1, number FROM generate_series(1, 2500) AS number',
      );
      await database.query(
        `INSERT INTO client_tokens SELECT '222222222222', 'us-east-1', number::text, '', gen_random_uuid(), number
         FROM generate_series(1, 2500) AS number`,
      );
      await deleteChanges(own, 2_300);
      await deleteTokens(own, 2_400);
      const [left] = await database.query(
        `SELECT (SELECT count(*)::int FROM feed) AS changes, (SELECT min(position)::int FROM feed) AS oldest,
           (SELECT count(*)::int FROM client_tokens) AS tokens`,
      );
      expect(left).toEqual({ changes: 200, oldest: 2_301, tokens: 100 });
      await own.close();
      await end();
    });
  });
});
