import { useTemporaryFolder } from '../support/folder';
import { command } from './command';

const folder = useTemporaryFolder();

describe('migrate', () => {
  it('creates a SQLite file, and changes nothing when it runs again', async () => {
    const file = folder.path('data/proton.db');
    const migrated = { code: 0, stdout: `${file} has the schema of this version.\n`, stderr: '' };
    const env = { DATABASE_URL: `sqlite:${file}` };
    expect(await command(['migrate'], { env })).toEqual(migrated);
    expect(await command(['migrate'], { env })).toEqual(migrated);
    expect((await command(['export'], { env })).stdout).toBe('{"environmentAccountConnections":[\n]}\n');
  });

  it('has nothing to do for a store in memory or elsewhere', async () => {
    for (const env of [{ DATABASE_URL: 'sqlite::memory:' }, { PROTON_UPSTREAM: 'aws' }] as const) {
      const { code, stdout, stderr } = await command(['migrate'], { env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^(?:DATABASE_URL is sqlite::memory:|PROTON_UPSTREAM is set)/);
    }
  });
});
