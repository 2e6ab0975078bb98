import type { Command } from 'commander';

import { migrateDatabase } from '../control-plane/postgres/postgres-store';
import { openSqliteStore } from '../control-plane/sqlite/sqlite-store';
import { ExitCode, STORE_HELP, type CommandContext } from './command';
import { locateStore } from './open-store';

export function addMigrate(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  program
    .command('migrate')
    .description("create the store's schema, or bring it to this version; servers may be running")
    .addHelpText(
      'after',
      `
A server does the same when it starts, unless MIGRATE_ON_START is false. On PostgreSQL, servers of
the version before go on working meanwhile and afterwards. Running it again changes nothing.

Examples:
  DATABASE_URL=postgres://proton@db.example.com/proton proton-subgraph migrate
${STORE_HELP}`,
    )
    .action(async () => {
      end(await migrate(context));
    });
}

/** `migrate` */
async function migrate({ env, stdout }: CommandContext): Promise<ExitCode> {
  const config = locateStore(env);
  if (config.kind === 'sqlite') {
    // Opening a file runs the migrations that it lacks.
    await openSqliteStore(config).close();
    stdout.write(`${config.location} has the schema of this version.\n`);
    return ExitCode.DONE;
  }
  const applied = await migrateDatabase(config);
  const { database } = config.connection;
  stdout.write(
    applied === 0
      ? `The database ${database} had the schema of this version already.\n`
      : `The database ${database} has the schema of this version now (steps: ${String(applied)}).\n`,
  );
  return ExitCode.DONE;
}
