import { InvalidArgumentError, Option, type Command } from 'commander';

import { readDefaultRegion, readProvisionerRole } from '../../config/config';
import { DEFAULT_REGION } from '../../config/proton';
import type { Connection } from '../../proton/connection';
import { ProtonFailure } from '../../proton/failure';
import { isConnectionId } from '../../proton/identifiers';
import {
  parseTrustPolicyInput,
  type TrustPolicyDefaults,
  type TrustPolicyInput,
  type TrustPolicyRequest,
} from '../../proton/trust-policy/request';
import { ConnectionRole, trustPolicies } from '../../proton/trust-policy/trust-policies';
import {
  accountOption,
  CommandError,
  ExitCode,
  STORE_HELP,
  UsageError,
  type CommandContext,
} from '../command';
import { withStore } from '../open-store';
import { FORMATS, writePolicies } from './formats';

interface Options {
  readonly managementAccount?: string;
  readonly environmentAccount?: string;
  readonly environment?: string;
  readonly region?: string;
  readonly role?: ConnectionRole;
  readonly provisionerRole?: string;
  readonly codebuildProject?: string;
  readonly provisionerPolicy?: true;
  readonly format: keyof typeof FORMATS;
}

/** The option of each member of the input. */
const OPTION_OF: Readonly<Record<keyof TrustPolicyInput, string>> = {
  managementAccountId: '--management-account',
  environmentAccountId: '--environment-account',
  environmentName: '--environment',
  region: '--region',
  provisionerRole: '--provisioner-role',
  codebuildProject: '--codebuild-project',
};

export function addTrustPolicy(
  program: Command,
  context: CommandContext,
  end: (code: ExitCode) => void,
): void {
  program
    .command('trust-policy')
    .description('print the trust policies that the roles of a connection need')
    .argument('[id]', 'a connection in the store; or name its environment with the options below')
    .option('--management-account <id>', 'the account that provisions', accountOption)
    .option('--environment-account <id>', 'the account that is provisioned', accountOption)
    .option('--environment <name>', 'the name of the environment')
    .option('--region <region>', 'its Region (AWS_REGION, else us-east-1)')
    .option('--role <role>', 'provisioning, component or codebuild; without it, all of them', roleOption)
    .option(
      '--provisioner-role <name>',
      'path and name of the role in the management account that provisions (PROVISIONER_ROLE)',
    )
    .option(
      '--codebuild-project <name>',
      'the CodeBuild project in the environment account; without it, every project there',
    )
    .option('--provisioner-policy', "print the policies that the provisioner's role needs in return")
    .addOption(new Option('--format <format>', 'what to print').choices(Object.keys(FORMATS)).default('json'))
    .addHelpText(
      'after',
      `
As JSON, one role prints its policy document, and several print an object of documents.
CloudFormation and Terraform print resources with these policies.

Examples:
  proton-subgraph trust-policy 2c3c6cf1-3d1e-4f4c-9d5c-0c6a5b9e7f10 --role provisioning
  proton-subgraph trust-policy --management-account 111111111111 \\
    --environment-account 222222222222 --environment payments-prod --format terraform
${STORE_HELP}
A server may be running on it.`,
    )
    .action(async (id: string | undefined, options: Options) => {
      end(await printTrustPolicies(id, options, context));
    });
}

async function printTrustPolicies(
  id: string | undefined,
  options: Options,
  { env, stdout, stderr }: CommandContext,
): Promise<ExitCode> {
  const defaults = {
    region: readDefaultRegion(env) ?? DEFAULT_REGION,
    provisionerRole: readProvisionerRole(env) ?? null,
  };
  const { provisionerRole, codebuildProject } = options;
  const further = { provisionerRole, codebuildProject };
  if (options.provisionerPolicy && options.role === 'CODEBUILD') {
    throw new UsageError('--provisioner-policy is not for --role codebuild: CodeBuild assumes that role.');
  }

  let request: TrustPolicyRequest;
  let connection: Connection | undefined;
  if (id === undefined) {
    request = parse({ ...environmentIn(options), ...further }, defaults);
  } else {
    refuseEnvironmentOptions(options);
    connection = await findConnection(env, id);
    const { managementAccountId, environmentAccountId, environmentName, region } = connection;
    const environment = { managementAccountId, environmentAccountId, environmentName, region };
    request = parse({ ...environment, ...further }, defaults);
  }

  const policies = trustPolicies(request, connection).filter(
    ({ role }) => (options.role ?? role) === role && !(options.provisionerPolicy && role === 'CODEBUILD'),
  );
  if (connection && policies.length === 0) {
    const which = options.role === undefined ? 'role' : `${options.role.toLowerCase()} role`;
    throw new CommandError(`The connection ${connection.id} has no ${which} to print a policy of.`);
  }
  if (request.provisionerRole === null && policies.some(({ role }) => role !== 'CODEBUILD')) {
    stderr.write(`${withoutProvisioner(request)}\n`);
  }
  const kind = options.provisionerPolicy ? 'provisioner' : 'trust';
  const isOne = options.role !== undefined;
  stdout.write(writePolicies(options.format, { kind, policies, isOne, request, connection }));
  return ExitCode.DONE;
}

/** @throws UsageError */
function environmentIn({
  managementAccount: managementAccountId,
  environmentAccount: environmentAccountId,
  environment: environmentName,
  region,
}: Options): TrustPolicyInput {
  const required = { managementAccountId, environmentAccountId, environmentName };
  const missing = (['managementAccountId', 'environmentAccountId', 'environmentName'] as const).filter(
    (member) => required[member] === undefined,
  );
  if (missing.length === 0) return { ...required, region };
  throw new UsageError(
    `Give the id of a connection, or name its environment: ${missing.map((member) => OPTION_OF[member]).join(', ')} missing.`,
  );
}

/** @throws UsageError */
function refuseEnvironmentOptions(options: Options): void {
  const given = (
    [
      ['managementAccountId', options.managementAccount],
      ['environmentAccountId', options.environmentAccount],
      ['environmentName', options.environment],
      ['region', options.region],
    ] as const
  ).filter(([, value]) => value !== undefined);
  if (given.length === 0) return;
  throw new UsageError(
    `The connection's id says which environment it is: leave out ${given.map(([member]) => OPTION_OF[member]).join(', ')}.`,
  );
}

/** @throws CommandError when there is no such connection */
async function findConnection(env: CommandContext['env'], id: string): Promise<Connection> {
  const [connection] = isConnectionId(id)
    ? await withStore(env, 'fail', async (store) => store.findConnections([id], 'every'))
    : [];
  if (!connection) throw new CommandError(`There is no connection with the id ${JSON.stringify(id)}.`);
  return connection;
}

/** @throws UsageError that names the options */
function parse(input: TrustPolicyInput, defaults: TrustPolicyDefaults): TrustPolicyRequest {
  try {
    return parseTrustPolicyInput(input, defaults);
  } catch (error) {
    if (!(error instanceof ProtonFailure)) throw error;
    const mistakes = error.violations.map(({ path: [member = ''], message }) => {
      const option = Object.entries(OPTION_OF).find(([name]) => name === member)?.[1];
      return `${option ?? member} ${message}.`;
    });
    throw new UsageError(mistakes.join('\n'));
  }
}

function withoutProvisioner({ managementAccountId }: TrustPolicyRequest): string {
  return (
    `Warning: neither --provisioner-role nor PROVISIONER_ROLE is set. So these policies admit every role and user of the account ` +
    `${managementAccountId} that may call sts:AssumeRole there and passes the external id.`
  );
}

/** @throws InvalidArgumentError */
function roleOption(value: string): ConnectionRole {
  const role = Object.values(ConnectionRole).find((name) => name.toLowerCase() === value);
  if (!role) throw new InvalidArgumentError('It must be provisioning, component or codebuild.');
  return role;
}
