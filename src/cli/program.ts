import { Command } from 'commander';

import { addAccessKey } from './access-key';
import { addBackup } from './backup';
import { STORE_HELP, type CommandContext, type ExitCode } from './command';
import { addExport } from './export';
import { addImport } from './import/import-command';
import { addRestore } from './restore';
import { addServe } from './serve';

/** Columns; what follows the options is wrapped by hand. */
const HELP_WIDTH = 100;

/**
 * The commands, with what their help teaches.
 * @param end is told how a command ended
 */
export function createProgram(context: CommandContext, end: (code: ExitCode) => void): Command {
  const { stdout, stderr } = context;
  const program = new Command('proton-subgraph')
    .description('Serves proton-subgraph, and works on the store of its own Proton control plane.')
    .exitOverride()
    .configureHelp({ helpWidth: HELP_WIDTH })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(--help shows how it is used)')
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

"proton-subgraph COMMAND --help" tells more. Ends with 0 when all was done, 1 when not, and
2 when the command was not understood.`,
    );
  addServe(program, context.startServer);
  addAccessKey(program, context, end);
  addImport(program, context, end);
  addExport(program, context, end);
  addBackup(program, context, end);
  addRestore(program, context, end);
  return program;
}
