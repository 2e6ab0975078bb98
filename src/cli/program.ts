import { Command } from 'commander';

import type { AccountId, Region } from '../proton/identifiers';
import { createAccessKey, listAccessKeys, revokeAccessKey } from './access-key';
import { addBackup } from './backup';
import type { ExitCode } from './exit-code';
import { exportConnections } from './export';
import { importFiles } from './import/import-files';
import type { GivenParameters } from './import/cloudformation/parameters';
import { accountOption, parameterOption, regionOption } from './option-values';
import { addRestore } from './restore';
import { addServe } from './serve';
import type { Surroundings } from './command';

/** Columns; what follows the options is wrapped by hand. */
const HELP_WIDTH = 100;

const STORE_HELP = `
The store is the one that DATABASE_URL names (sqlite:./data/proton.db unless set).
A server may be running on it.`;

/**
 * The commands, with what their help teaches.
 * @param end is told how a command ended
 */
export function createProgram(surroundings: Surroundings, end: (code: ExitCode) => void): Command {
  const { stdout, stderr } = surroundings;
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
  addServe(program, surroundings.startServer);
  addAccessKey(program, surroundings, end);
  addImport(program, surroundings, end);
  addExport(program, surroundings, end);
  addBackup(program, surroundings, end);
  addRestore(program, surroundings, end);
  return program;
}

function addAccessKey(program: Command, surroundings: Surroundings, end: (code: ExitCode) => void): void {
  const accessKey = program
    .command('access-key')
    .description('make, list and revoke the keys that callers of the Proton endpoint sign with')
    .addHelpText(
      'after',
      `
Examples:
  export ACCESS_KEY_ENCRYPTION_KEY=$(openssl rand -base64 32)  # once; the server needs the same
  proton-subgraph access-key create --account 222222222222
  proton-subgraph access-key list
  proton-subgraph access-key revoke AKIAEXAMPLEEXAMPLE22`,
    );
  accessKey
    .command('create')
    .description('make a key that acts as an account, and show its secret this once')
    .requiredOption('--account <id>', 'the account that the key acts as, 12 digits', accountOption)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The secret is stored encrypted under ACCESS_KEY_ENCRYPTION_KEY, which must be set here and for
the server. A running server takes the key at once.

Example:
  proton-subgraph access-key create --account 222222222222`,
    )
    .action(async (options: { readonly account: AccountId; readonly json?: boolean }) => {
      end(await createAccessKey(options, surroundings));
    });
  accessKey
    .command('list')
    .description('show all keys, the revoked ones too, without their secrets')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  proton-subgraph access-key list
  proton-subgraph access-key list --json | jq -r '.accessKeys[].accessKeyId'`,
    )
    .action(async (options: { readonly json?: boolean }) => {
      end(await listAccessKeys(options, surroundings));
    });
  accessKey
    .command('revoke')
    .description('end a key for good; a running server refuses it at once')
    .argument('<key-id>', 'as "access-key list" shows it')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Example:
  proton-subgraph access-key revoke AKIAEXAMPLEEXAMPLE22`,
    )
    .action(async (id: string, options: { readonly json?: boolean }) => {
      end(await revokeAccessKey(id, options, surroundings));
    });
}

function addImport(program: Command, surroundings: Surroundings, end: (code: ExitCode) => void): void {
  program
    .command('import')
    .description('take connections over from AWS Proton: what the aws CLI printed, CloudFormation templates')
    .argument('<file...>', 'files to take, in this order; - is standard input')
    .option('--dry-run', 'do everything, but on a copy of the store that is thrown away')
    .option('--account <id>', 'the account that a template is deployed in: AWS::AccountId', accountOption)
    .option(
      '--region <region>',
      'the Region that a template is deployed in: AWS::Region (AWS_REGION unless given)',
      regionOption,
    )
    .option(
      '--parameter <key=value>',
      "a template parameter's value, or a role's ARN as LogicalId.Arn=ARN; repeatable",
      parameterOption,
    )
    .option('--parameters <file>', 'a JSON file of them, as for the aws CLI; --parameter takes precedence')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      `
Takes the JSON of "aws proton list-environment-account-connections" and of
"get-environment-account-connection": one document, an array of them, or one after the other.
Ids, ARNs, status and times are kept. The JSON of "proton-subgraph export" is the same.

Takes CloudFormation templates, YAML and JSON, with AWS::Proton::EnvironmentAccountConnection.
Each declares a wish: it becomes a PENDING connection, unless there is one already.
Name files of connections before templates that declare the same.

--parameters takes a list of {"ParameterKey": …, "ParameterValue": …}, a list of "Key=Value", or
an object with Parameters. A key that no template declares is an error. A role that has no
RoleName gets its ARN from --parameter: "Role.Arn" answers !GetAtt Role.Arn. What a template
leaves to CloudFormation (macros, Rules, a resource's Type that is an expression) is refused by
name. Nested stacks, stack sets and AWS::Include are not looked into, which a note says.

A file is taken as a whole or not at all, the others are taken all the same. Importing again
changes nothing. Of what is wrong with a file, the first 100 are told and the rest are counted.
Ends with 0 when all files were taken, 1 when one was refused, and 2 when the command was not
understood.

Examples:
  # asked of AWS before Proton was switched off there, or of this server's own endpoint
  aws proton list-environment-account-connections \\
    --requested-by ENVIRONMENT_ACCOUNT > connections.json

  proton-subgraph import connections.json --dry-run
  proton-subgraph import connections.json
  proton-subgraph import template.yaml --account 222222222222 --region eu-central-1
  proton-subgraph import template.yaml --account 222222222222 --region eu-central-1 \\
    --parameters production.json --parameter Stage=prod \\
    --parameter ProtonRole.Arn=arn:aws:iam::222222222222:role/proton-1A2B3C
  proton-subgraph import - < connections.json
  proton-subgraph import connections.json --json | jq '.files[].refusals'
${STORE_HELP}
It is made where there is none.`,
    )
    .action(
      async (
        files: readonly string[],
        options: {
          readonly dryRun?: boolean;
          readonly account?: AccountId;
          readonly region?: Region;
          readonly parameter?: GivenParameters;
          readonly parameters?: string;
          readonly json?: boolean;
        },
      ) => {
        end(await importFiles(files, options, surroundings));
      },
    );
}

function addExport(program: Command, surroundings: Surroundings, end: (code: ExitCode) => void): void {
  program
    .command('export')
    .description(
      'write all connections as JSON, as "aws proton list-environment-account-connections" prints them',
    )
    .option(
      '--output <file>',
      'write to a file, which is replaced once everything is written; - is standard output',
    )
    .addHelpText(
      'after',
      `
Beside what the aws CLI prints, a connection has its codebuildRoleArn and its tags. The newest
request comes first. "proton-subgraph import" takes it back.

Examples:
  proton-subgraph export --output connections.json
  proton-subgraph export | jq '.environmentAccountConnections[].arn'
${STORE_HELP}`,
    )
    .action(async (options: { readonly output?: string }) => {
      end(await exportConnections(options, surroundings));
    });
}
