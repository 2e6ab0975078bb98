import { InvalidArgumentError, type Command } from 'commander';

import { isRegion, type AccountId, type Region } from '../../proton/identifiers';
import { accountOption, STORE_HELP, type CommandContext, type ExitCode } from '../command';
import type { GivenParameters } from './cloudformation/parameters';
import { splitParameter } from './given-parameters';
import { importFiles } from './import-files';

export function addImport(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
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
        end(await importFiles(files, options, context));
      },
    );
}

/** @throws InvalidArgumentError */
function regionOption(value: string): Region {
  if (!isRegion(value)) throw new InvalidArgumentError('It must be an AWS Region, as in eu-central-1.');
  return value;
}

/** Adds a `Key=Value` to those of the same option before it. @throws InvalidArgumentError */
function parameterOption(word: string, before: GivenParameters = new Map()): GivenParameters {
  const [name, value] = splitParameter(word) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be Key=Value.');
  if (before.has(name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return new Map([...before, [name, value]]);
}
