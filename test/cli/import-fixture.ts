import { writeFileSync } from 'node:fs';

import BetterSqlite3 from 'better-sqlite3';

import { useTemporaryFolder } from '../support/folder';
import { command, type CommandOptions } from './command';

export const ID = 'a1b2c3d4-5678-4abc-9def-111111111111';
export const OTHER_ID = 'a1b2c3d4-5678-4abc-9def-222222222222';

type Members = Readonly<Record<string, unknown>>;

/** A connection as the aws CLI prints it. The given members override the defaults; undefined removes a member. */
export function record(members: Members = {}): Members {
  const { id = ID, environmentAccountId = '222222222222', region = 'us-east-1', ...others } = members;
  return {
    id,
    arn: `arn:aws:proton:${String(region)}:${String(environmentAccountId)}:environment-account-connection/${String(id)}`,
    environmentAccountId,
    managementAccountId: '111111111111',
    environmentName: 'payments-staging',
    roleArn: 'arn:aws:iam::222222222222:role/proton-provisioning',
    status: 'CONNECTED',
    requestedAt: '2024-03-04T17:41:02.481000+01:00',
    lastModifiedAt: '2024-03-05T10:12:44.105000+01:00',
    ...others,
  };
}

export const listed = (...records: readonly Members[]) => ({ environmentAccountConnections: records });
export const got = (one: Members) => ({ environmentAccountConnection: one });

export interface FileResult {
  readonly result: 'taken' | 'refused';
  readonly read: number;
  readonly new: number;
  readonly completed: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly notes: readonly string[];
  readonly problems: readonly string[];
  readonly moreProblems: number;
  readonly moreRefusals: number;
  readonly refusals: readonly {
    readonly record: number;
    readonly id?: string;
    readonly logicalId?: string;
    readonly line?: number;
    readonly reasons: readonly string[];
  }[];
}

/** An empty store before each test, and functions that import into it. */
export function useImports() {
  const folder = useTemporaryFolder();
  const env = () => ({ DATABASE_URL: `sqlite:${folder.path('proton.db')}` });

  function file(name: string, content: unknown): string {
    const path = folder.path(name);
    writeFileSync(
      path,
      typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content),
    );
    return path;
  }

  async function importFiles(words: readonly string[], options: CommandOptions = {}) {
    const { code, stdout, stderr } = await command(['import', '--json', ...words], {
      env: env(),
      ...options,
    });
    if (stderr !== '') throw new Error(stderr);
    const { files } = JSON.parse(stdout) as { readonly files: readonly FileResult[] };
    return { code, files };
  }

  let imported = 0;

  return {
    folder,
    env,
    file,
    importFiles,
    /** Imports one file of this content. */
    importContent: async (content: unknown, words: readonly string[] = []): Promise<FileResult> => {
      imported += 1;
      const { files } = await importFiles([file(`file-${String(imported)}`, content), ...words]);
      const [only] = files;
      if (!only || files.length > 1) throw new Error('there is not exactly one report');
      return only;
    },
    /** All connections and their history in the store. */
    stored: () => {
      const database = new BetterSqlite3(folder.path('proton.db'), { fileMustExist: true });
      try {
        return {
          connections: database.prepare('SELECT * FROM connections ORDER BY id').all() as readonly Members[],
          events: database
            .prepare(
              'SELECT connection_id, type, status, previous_status, actor, occurred_at FROM connection_events ORDER BY sequence',
            )
            .all() as readonly Members[],
        };
      } finally {
        database.close();
      }
    },
  };
}
