import { InvalidArgumentError, type Command } from 'commander';

import { isRegion, type Region } from '../../proton/identifiers';
import { accountOption, STORE_HELP, type CommandContext, type ExitCode } from '../command';
import type { GivenParameters } from './cloudformation/parameters';
import { splitParameter } from './given-parameters';
import { importFiles, type ImportOptions } from './import-files';

export function addImport(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  program
    .command('import')
    .description('import connections from AWS Proton: output of the aws CLI, and CloudFormation templates')
    .argument('<file...>', 'files to import, in this order; - is standard input')
    .option('--dry-run', 'do everything on a temporary copy of the store')
    .option('--account <id>', 'the account that a template is deployed in: AWS::AccountId', accountOption)
    .option(
      '--region <region>',
      'the Region that a template is deployed in: AWS::Region (default: the variable AWS_REGION)',
      regionOption,
    )
    .option(
      '--parameter <key=value>',
      "a template parameter's value, or a role's ARN as LogicalId.Arn=ARN; repeatable",
      parameterOption,
    )
    .option('--parameters <file>', 'a JSON file of them, as for the aws CLI; --parameter takes precedence')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], options: ImportOptions) => {
      end(await importFiles(files, options, context));
    });
}

const HELP = `
Connections: the JSON of "aws proton list-environment-account-connections", of
"get-environment-account-connection" and of "proton-subgraph export". A file may contain one
document, an array of documents, or several documents one after the other. Ids, ARNs, status
and times are kept.

Templates: CloudFormation templates in YAML or JSON that declare resources of the type
AWS::Proton::EnvironmentAccountConnection. A declared connection is created with the status
PENDING, unless it already exists. If a file of connections contains the same connections,
name that file before the template.

--parameters reads a list of {"ParameterKey": …, "ParameterValue": …}, a list of "Key=Value", or
an object with Parameters. A key that no template declares is an error. For a role without a
RoleName, give the ARN: --parameter Role.Arn=ARN is the value of !GetAtt Role.Arn. A template is
refused if only CloudFormation can evaluate it (macros, Rules, an expression as the Type of a
resource). Nested stacks, stack sets and AWS::Include are not read; a note says so.

Each file is imported as a whole or not at all; a refused file does not stop the others.
Importing a file again changes nothing. The first 100 errors in a file are listed, the rest are
counted. Exit codes: 0 all files were imported, 1 a file was refused, 2 the command line is
invalid.

Examples:
  # from AWS before Proton was switched off there, or from this server's own endpoint
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
It is created if it does not exist. A server may be running on it.`;

/** @throws InvalidArgumentError */
function regionOption(value: string): Region {
  if (!isRegion(value)) throw new InvalidArgumentError('It must be an AWS Region, as in eu-central-1.');
  return value;
}

/** Adds a `Key=Value` to the earlier values of the option. @throws InvalidArgumentError */
function parameterOption(word: string, earlier: GivenParameters = new Map()): GivenParameters {
  const [name, value] = splitParameter(word) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be Key=Value.');
  if (earlier.has(name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return new Map([...earlier, [name, value]]);
}
