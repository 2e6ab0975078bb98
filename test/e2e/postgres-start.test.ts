import { createDatabase, describeWithPostgres, usePostgres } from '../support/postgres';
import { runServerToEnd, startServerProcess } from '../support/server-process';

describeWithPostgres('A server on PostgreSQL', () => {
  const database = usePostgres();
  const urlWith = (changes: Partial<URL>) => Object.assign(new URL(database.url), changes).href;

  it('creates its schema, is ready, and stops without an error', async () => {
    const server = await startServerProcess({ DATABASE_URL: database.url });
    const response = await fetch(new URL('/health/ready', server.admin));
    expect({ status: response.status, body: (await response.json()) as unknown }).toEqual({
      status: 200,
      body: { ready: true, checks: { store: 'ok', migrations: 'ok', keys: 'ok', notDraining: 'ok' } },
    });
    expect(await server.end('SIGTERM')).toBe(0);
    expect(server.printed()).not.toContain(new URL(database.url).password);
  });

  it('ends with exit code 1 and one sentence when it can’t start, without a stack or the password', async () => {
    const encoded = 'a%2Fb%20c';
    const starts: readonly (readonly [what: string, url: string, sentence: RegExp])[] = [
      [
        'host',
        urlWith({ hostname: 'db.invalid' }),
        /^DATABASE_URL names the host db\.invalid, which has no address/,
      ],
      [
        'port',
        urlWith({ port: '1' }),
        /^Nothing listens at 127\.0\.0\.1:1 \(ECONNREFUSED\): start PostgreSQL there/,
      ],
      [
        'password',
        urlWith({ password: encoded }),
        /refuses the password of the user postgres \(28P01\): correct it/,
      ],
      ['database', urlWith({ pathname: '/nowhere' }), /has no database nowhere \(3D000\): create it/],
      ['TLS', `${database.url}?sslmode=require`, /has no TLS, and DATABASE_URL asks for it/],
    ];
    const outcomes = await Promise.all(
      starts.map(async ([what, DATABASE_URL, sentence]) => {
        const { code, stdout, stderr } = await runServerToEnd({ DATABASE_URL });
        expect([what, stderr]).toEqual([what, expect.stringMatching(sentence)]);
        expect(stderr.trimEnd().split('\n')).toHaveLength(1);
        expect(stderr).not.toMatch(/a\/b|a%2Fb/);
        expect(stderr).not.toContain(new URL(database.url).password);
        return { code, stdout };
      }),
    );
    expect(outcomes).toEqual(starts.map(() => ({ code: 1, stdout: '' })));
  });

  it('changes no schema where MIGRATE_ON_START is false, and names migrate', async () => {
    const empty = await createDatabase();
    const { code, stderr } = await runServerToEnd({ DATABASE_URL: empty.url, MIGRATE_ON_START: 'false' });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^The database test_\w+ of DATABASE_URL lacks \d+ steps of this version's schema: run `npx proton-subgraph migrate`/,
    );
    expect(await empty.query("SELECT to_regclass('schema_steps') AS found")).toEqual([{ found: null }]);
    await empty.drop();
  });
});
