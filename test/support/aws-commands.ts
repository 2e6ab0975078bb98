import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Credentials } from './aws-signing';

const execute = promisify(execFile);

/** Why tests of the aws command can't run here; undefined if they can. */
export const awsCommandMissing = runs('aws', ['--version']) ? undefined : 'no aws command on this machine';

/** Why tests of boto3 can't run here; undefined if they can. */
export const boto3Missing = runs('python3', ['-c', 'import boto3'])
  ? undefined
  : 'no python3 with boto3 on this machine';

/** Defines a test that needs something on this machine. If that is missing the test is skipped, and its name says why. */
export function testUnless(missing: string | undefined, name: string, run: () => Promise<void> | void): void {
  const test = async () => {
    await run();
  };
  if (missing === undefined) it(name, test);
  else it.skip(`${name} (skipped: ${missing})`, test);
}

function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Leaves out this machine's variables, because they could change the client's behaviour. */
function clientEnvironment(variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return {
    PATH,
    HOME,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    LC_ALL: 'C.UTF-8',
    ...variables,
  };
}

export interface CommandOutcome {
  readonly code: number;
  /** Its parsed JSON output; undefined if it printed nothing. */
  readonly output: unknown;
  readonly stderr: string;
}

/** Runs `aws proton` with a user's usual settings, and returns its output. */
export async function awsProton(
  origin: string,
  { accessKeyId, secretAccessKey }: Credentials,
  args: readonly string[],
): Promise<CommandOutcome> {
  const env = clientEnvironment({
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  const settings = ['--endpoint-url', origin, '--region', 'us-east-1', '--output', 'json'];
  try {
    const { stdout, stderr } = await execute('aws', ['proton', ...args, ...settings], { env });
    return { code: 0, output: stdout === '' ? undefined : JSON.parse(stdout), stderr };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, output: undefined, stderr };
  }
}

/** Runs the boto3 script, and returns the outcome of each of its steps. */
export async function boto3Outcomes(settings: object): Promise<Readonly<Record<string, unknown>>> {
  const script = join(__dirname, '..', 'e2e', 'aws-clients-boto3.py');
  const running = execute('python3', [script], { env: clientEnvironment({}) });
  running.child.stdin?.end(JSON.stringify(settings));
  const { stdout } = await running;
  return JSON.parse(stdout) as Record<string, unknown>;
}
