import BetterSqlite3 from 'better-sqlite3';

import {
  AcceptEnvironmentAccountConnectionDocument,
  CreateEnvironmentAccountConnectionDocument,
  TagEnvironmentAccountConnectionDocument,
} from '../../generated/operations/graphql';
import { useTemporaryFolder } from '../support/folder';
import { dataOf } from '../support/graphql-client';
import { prepareServerProcess } from '../support/server-process';
import { faultsIn } from '../support/written';

/** How often the server is killed. */
const KILLS = 8;
const CLIENTS = 8;

const folder = useTemporaryFolder();

interface Acknowledged {
  readonly id: string;
  readonly name: string;
  tagged: boolean;
  accepted: boolean;
}

describe('A server that is killed in the middle of writes', () => {
  it('has every acknowledged write, and no write in part', async () => {
    const file = folder.path('proton.db');
    const acknowledged: Acknowledged[] = [];
    const variables = { DATABASE_URL: `sqlite:${file}`, PROTON_CONNECTION_QUOTA: '1000000' };
    let next = prepareServerProcess(variables);
    for (let round = 0; round < KILLS; round += 1) {
      const { url, child, end } = await next.start();
      next = prepareServerProcess(variables);
      // Kills the server after this many acknowledgements, while writes of the other clients are in flight.
      const enough = acknowledged.length + 5 + round * 7;
      const client = async (number: number) => {
        for (let count = 0; child.exitCode === null && child.signalCode === null; count += 1) {
          await writeOnce(url, `r${String(round)}-c${String(number)}-${String(count)}`, acknowledged);
          if (acknowledged.length >= enough) child.kill('SIGKILL');
        }
      };
      await Promise.allSettled(Array.from({ length: CLIENTS }, (_, number) => client(number)));
      await end('SIGKILL');
      expect(child.signalCode).toBe('SIGKILL');
    }
    expect(acknowledged.length).toBeGreaterThan(KILLS * 5);

    // One more start recovers what the kills left. Then the test reads the rows with SQLite alone.
    const last = await next.start();
    await last.end('SIGTERM');
    const database = new BetterSqlite3(file);
    const status = database
      .prepare('SELECT status FROM connections WHERE id = ? AND environment_name = ?')
      .pluck();
    const lost = acknowledged.filter(({ id, name, accepted }) => {
      const now = status.get(id, name);
      return now !== 'CONNECTED' && (accepted || now !== 'PENDING');
    });
    expect(lost).toEqual([]);
    expect(faultsIn(database)).toEqual([]);
    // No client deletes, so every event has its connection.
    expect(
      database.prepare("SELECT count(*) FROM connection_events WHERE type = 'DELETED'").pluck().get(),
    ).toBe(0);
    database.close();
  });
});

/** Creates a connection with a client token, tags and accepts it, and records each write when it is acknowledged. */
async function writeOnce(url: string, name: string, acknowledged: Acknowledged[]): Promise<void> {
  const created = await dataOf(url, CreateEnvironmentAccountConnectionDocument, {
    create: { managementAccountId: '111111111111', environmentName: name, clientToken: name },
  });
  const id = created.createEnvironmentAccountConnection?.data?.id;
  if (id === undefined) throw new Error(JSON.stringify(created));
  const note: Acknowledged = { id, name, tagged: false, accepted: false };
  acknowledged.push(note);
  const tags = [{ key: 'name', value: name }];
  const tagged = await dataOf(url, TagEnvironmentAccountConnectionDocument, { id, tags });
  note.tagged = tagged.tagEnvironmentAccountConnection?.success === true;
  const accepted = await dataOf(url, AcceptEnvironmentAccountConnectionDocument, { id });
  note.accepted = accepted.acceptEnvironmentAccountConnection?.success === true;
}
