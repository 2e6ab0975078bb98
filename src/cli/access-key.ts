import type { Command } from 'commander';

import { readAccessKeyEncryptionKey } from '../config/config';
import { createAccessKeys, type StoredAccessKey } from '../control-plane/access-keys/access-keys';
import type { AccountId } from '../proton/identifiers';
import { accountOption, CommandError, ExitCode, type CommandContext } from './command';
import { locateStore, withStore } from './open-store';
import { table } from './terminal';

interface OutputOptions {
  readonly json?: boolean | undefined;
}

export function addAccessKey(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  const accessKey = program
    .command('access-key')
    .description(
      'create, list and revoke the access keys with which callers of the Proton endpoint sign requests',
    )
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
    .description('create a key for an account, and show its secret, which is never shown again')
    .requiredOption('--account <id>', 'the account whose requests the key signs, 12 digits', accountOption)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The secret is stored encrypted under ACCESS_KEY_ENCRYPTION_KEY, which must be set here and for
the server. A running server accepts the key at once.

Example:
  proton-subgraph access-key create --account 222222222222`,
    )
    .action(async (options: { readonly account: AccountId; readonly json?: boolean }) => {
      end(await createAccessKey(options, context));
    });
  accessKey
    .command('list')
    .description('list all keys, including revoked ones, without their secrets')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  proton-subgraph access-key list
  proton-subgraph access-key list --json | jq -r '.accessKeys[].accessKeyId'`,
    )
    .action(async (options: { readonly json?: boolean }) => {
      end(await listAccessKeys(options, context));
    });
  accessKey
    .command('revoke')
    .description('revoke a key permanently; a running server refuses it at once')
    .argument('<key-id>', 'as "access-key list" shows it')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Example:
  proton-subgraph access-key revoke AKIAEXAMPLEEXAMPLE22`,
    )
    .action(async (id: string, options: { readonly json?: boolean }) => {
      end(await revokeAccessKey(id, options, context));
    });
}

/** `access-key create`: creates a key and shows its secret, which is never shown again. */
async function createAccessKey(
  { account, json }: OutputOptions & { readonly account: AccountId },
  { env, stdout }: CommandContext,
): Promise<ExitCode> {
  // Check the configuration first, so that a failed command does not create a database.
  locateStore(env);
  const encryptionKey = readAccessKeyEncryptionKey(env);
  if (encryptionKey === undefined) {
    throw new CommandError(
      'ACCESS_KEY_ENCRYPTION_KEY must be set to create an access key, because it encrypts the secret. ' +
        'Create one with `openssl rand -base64 32`, keep it, and set it for the server too.',
    );
  }
  const { accessKeyId, secretAccessKey, accountId, createdAt } = await withStore(env, 'create', (store) =>
    createAccessKeys({ store: store.accessKeys, encryptionKey }).issue(account),
  );
  if (json) {
    const key = { accessKeyId, secretAccessKey, accountId, createdAt: timeOf(createdAt) };
    stdout.write(`${JSON.stringify(key, null, 2)}\n`);
    return ExitCode.DONE;
  }
  stdout.write(
    `Access key id      ${accessKeyId}\nSecret access key  ${secretAccessKey}\nAccount            ${accountId}\n`,
  );
  stdout.write(
    '\nThe secret is not shown again. To use the key:\n\n' +
      `export AWS_ACCESS_KEY_ID=${accessKeyId}\nexport AWS_SECRET_ACCESS_KEY=${secretAccessKey}\nunset AWS_SESSION_TOKEN\n`,
  );
  return ExitCode.DONE;
}

/** `access-key list` */
async function listAccessKeys(
  { json }: OutputOptions,
  { env, stdout, stderr }: CommandContext,
): Promise<ExitCode> {
  // Read from the store directly: that needs no encryption key, because no secret is decrypted.
  const keys = await withStore(env, 'fail', (store) => store.accessKeys.list());
  if (json) {
    stdout.write(`${JSON.stringify({ accessKeys: keys.map(descriptionOf) }, null, 2)}\n`);
    return ExitCode.DONE;
  }
  if (keys.length === 0) {
    stderr.write('There are no access keys.\n');
    return ExitCode.DONE;
  }
  const columns = ['ID', 'ACCOUNT', 'CREATED', 'STATUS'].map((title) => ({ title }));
  stdout.write(
    table(
      columns,
      keys.map((key) => [key.id, key.accountId, timeOf(key.createdAt), statusOf(key)]),
    ),
  );
  return ExitCode.DONE;
}

/** `access-key revoke`: revokes a key permanently. A running server refuses the key's next request. */
async function revokeAccessKey(
  id: string,
  { json }: OutputOptions,
  { env, stdout }: CommandContext,
): Promise<ExitCode> {
  const { before, after } = await withStore(env, 'fail', async ({ accessKeys }) => ({
    before: await accessKeys.find(id),
    after: await accessKeys.revoke(id, Date.now()),
  }));
  if (!after) {
    throw new CommandError(
      `There is no access key ${id}. \`proton-subgraph access-key list\` shows all keys.`,
    );
  }
  if (json) {
    stdout.write(`${JSON.stringify(descriptionOf(after), null, 2)}\n`);
    return ExitCode.DONE;
  }
  stdout.write(
    before?.revokedAt === null
      ? `Revoked ${id} of the account ${after.accountId}. It is refused from now on.\n`
      : `${id} of the account ${after.accountId} was already revoked at ${timeOf(after.revokedAt)}. Nothing has changed.\n`,
  );
  return ExitCode.DONE;
}

function descriptionOf({ id, accountId, createdAt, revokedAt }: StoredAccessKey) {
  return {
    accessKeyId: id,
    accountId,
    createdAt: timeOf(createdAt),
    revokedAt: revokedAt === null ? null : timeOf(revokedAt),
  };
}

function statusOf({ revokedAt }: StoredAccessKey): string {
  return revokedAt === null ? 'active' : `revoked ${timeOf(revokedAt)}`;
}

function timeOf(time: number | null): string {
  return time === null ? '' : new Date(time).toISOString();
}
