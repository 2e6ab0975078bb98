import { Command } from 'commander';

import { addAccessKey } from './access-key';
import { addBackup } from './backup';
import { addCopy } from './copy';
import { type CommandContext, type ExitCode, STORE_HELP } from './command';
import { addExport } from './export';
import { addImport } from './import/import-command';
import { addMigrate } from './migrate';
import { addRestore } from './restore';
import { addTrustPolicy } from './trust-policy/trust-policy-command';

/** @param startServer is called when the command line is valid */
function addServe(program: Command, startServer: () => void): void {
  program
    .command('serve')
    .description('start the server; SIGTERM or Ctrl-C stops it')
    .addHelpText(
      'after',
      `
Serves GraphQL on http://127.0.0.1:4001/graphql, the Proton endpoint for AWS clients on port
4002, and health and metrics on port 4003. Environment variables configure it, among them:
  DATABASE_URL          where connections are stored (sqlite:./data/proton.db; or postgres://…)
  HOST, PORT            where GraphQL listens (127.0.0.1, 4001)
  PROTON_ENDPOINT_PORT  port for AWS clients (4002); "off" turns it off
  ADMIN_PORT            port for health and metrics (4003); "off" turns it off
  LOG_LEVEL             trace, debug, info, warn, error, fatal or silent (info)

Exit codes: 0 after a graceful stop; 1 if the configuration is invalid, the store can't be
opened, a port is in use, or requests were aborted.

Examples:
  proton-subgraph serve
  DATABASE_URL=sqlite:/var/lib/proton/proton.db PORT=8080 proton-subgraph serve
  LOG_LEVEL=debug PROTON_ENDPOINT_PORT=off proton-subgraph serve`,
    )
    .action(startServer);
}

const COMMANDS = [
  addAccessKey,
  addImport,
  addExport,
  addTrustPolicy,
  addBackup,
  addRestore,
  addMigrate,
  addCopy,
];

/** In columns. Commander wraps only descriptions and options; the other texts are wrapped by hand. */
const HELP_WIDTH = 100;

/**
 * Creates all commands with their help.
 * @param end receives the exit code of the command that ran
 */
export function createProgram(context: CommandContext, end: (code: ExitCode) => void): Command {
  const { stdout, stderr } = context;
  const program = new Command('proton-subgraph')
    .description('Starts proton-subgraph, and works on the store of its own Proton control plane.')
    .exitOverride()
    .configureHelp({ helpWidth: HELP_WIDTH })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(--help shows the usage)')
    .addHelpText(
      'after',
      `
Examples:
  proton-subgraph serve
  proton-subgraph import connections.json
  proton-subgraph import template.yaml --account 222222222222 --region eu-central-1
  proton-subgraph export --output connections.json
  proton-subgraph backup proton.db
  proton-subgraph restore proton.db
  proton-subgraph access-key create --account 222222222222
  proton-subgraph trust-policy 2c3c6cf1-3d1e-4f4c-9d5c-0c6a5b9e7f10 --format terraform
  proton-subgraph copy --from sqlite:./data/proton.db --to postgres://proton@db.example.com/proton
${STORE_HELP}
A server may be running on it, except during restore.

"proton-subgraph COMMAND --help" shows the details of a command. Exit codes: 0 everything was
done, 1 something was not done, 2 the command line is invalid.`,
    );
  addServe(program, context.startServer);
  for (const add of COMMANDS) add(program, context, end);
  return program;
}
