import { Command } from 'commander';

import { addAccessKey } from './access-key';
import { addBackup } from './backup';
import { STORE_HELP, type CommandContext, type ExitCode } from './command';
import { addExport } from './export';
import { addImport } from './import/import-command';
import { addRestore } from './restore';
import { addServe } from './serve';

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
${STORE_HELP}
A server may be running on it, except during restore.

"proton-subgraph COMMAND --help" shows the details of a command. Exit codes: 0 everything was
done, 1 something was not done, 2 the command line is invalid.`,
    );
  addServe(program, context.startServer);
  for (const add of [addAccessKey, addImport, addExport, addBackup, addRestore]) add(program, context, end);
  return program;
}
