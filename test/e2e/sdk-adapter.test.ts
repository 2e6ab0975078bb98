import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

import { ENVIRONMENT, MANAGEMENT } from '../support/proton';
import { useTemporaryFolder } from '../support/folder';
import { dataOf, request } from '../support/graphql-client';
import { startServerProcess } from '../support/server-process';
import { shell } from '../support/shell';

const CREATE = `mutation ($environmentName: String!) {
  createEnvironmentAccountConnection(input: {
    managementAccountId: "${MANAGEMENT}"
    environmentAccountId: "${ENVIRONMENT}"
    environmentName: $environmentName
    codebuildRoleArn: "arn:aws:iam::${ENVIRONMENT}:role/build"
    tags: [{ key: "team", value: "payments" }]
  }) { success data { id } error { code message retryable } }
}`;
const ACCEPT = `mutation ($id: ID!) {
  acceptEnvironmentAccountConnection(input: { id: $id }) {
    success data { id status } error { code message retryable }
  }
}`;
const LIST = `{
  environmentAccountConnections {
    totalCount
    nodes { id environmentName status codebuildRoleArn tags { key value } history { nodes { type actor } } }
  }
}`;

interface Payload {
  readonly success: boolean;
  readonly data: { readonly id: string; readonly status?: string } | null;
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
}

interface Listed {
  readonly environmentAccountConnections: {
    readonly totalCount: number | null;
    readonly nodes: readonly Readonly<Record<string, unknown>>[];
  };
}

describe('A subgraph with a control plane in another process', () => {
  const folder = useTemporaryFolder();

  it('serves its connections with each account’s own key, and returns UNAVAILABLE when it can’t be reached', async () => {
    const keys = {
      DATABASE_URL: `sqlite:${folder.path('proton.db')}`,
      ACCESS_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    };
    const controlPlane = await startServerProcess({ ...keys, PROTON_ENDPOINT_AUTH: 'sigv4' });
    const issue = (account: string) =>
      JSON.parse(
        shell(`node bin/proton-subgraph.js access-key create --account ${account} --json`, keys),
      ) as { accessKeyId: string; secretAccessKey: string };
    const issued = new Map([ENVIRONMENT, MANAGEMENT].map((account) => [account, issue(account)]));
    writeFileSync(
      folder.path('credentials'),
      [...issued]
        .map(
          ([account, { accessKeyId, secretAccessKey }]) =>
            `[proton-${account}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
        )
        .join('\n'),
    );
    const subgraph = await startServerProcess({
      PROTON_UPSTREAM: controlPlane.protonEndpoint ?? '',
      PROTON_ACCOUNTS: `${ENVIRONMENT},${MANAGEMENT}`,
      AWS_ACCOUNT_PROFILE_TEMPLATE: 'proton-{accountId}',
      AWS_SHARED_CREDENTIALS_FILE: folder.path('credentials'),
    });
    const send = async (document: string, variables: Readonly<Record<string, unknown>>) => {
      const [payload] = Object.values(
        await dataOf<Record<string, Payload>, unknown>(subgraph.url, document, variables),
      );
      if (!payload) throw new Error('there is no payload');
      return payload;
    };

    const created = await send(CREATE, { environmentName: 'payments-prod' });
    expect(created).toMatchObject({ success: true, error: null });
    expect(await send(ACCEPT, { id: created.data?.id })).toMatchObject({ data: { status: 'CONNECTED' } });

    const throughSubgraph = await dataOf<Listed, unknown>(subgraph.url, LIST);
    const direct = await dataOf<Listed, unknown>(controlPlane.url, LIST);
    const expected = {
      id: created.data?.id,
      environmentName: 'payments-prod',
      status: 'CONNECTED',
      codebuildRoleArn: `arn:aws:iam::${ENVIRONMENT}:role/build`,
      tags: [{ key: 'team', value: 'payments' }],
    };
    expect(throughSubgraph.environmentAccountConnections).toEqual({
      totalCount: null,
      nodes: [{ ...expected, history: null }],
    });
    const events = [
      { type: 'ACCEPTED', actor: MANAGEMENT },
      { type: 'CREATED', actor: ENVIRONMENT },
    ];
    expect(direct.environmentAccountConnections).toEqual({
      totalCount: 1,
      nodes: [{ ...expected, history: { nodes: events } }],
    });

    // Revoking the environment account's key affects only that account.
    shell(
      `node bin/proton-subgraph.js access-key revoke ${issued.get(ENVIRONMENT)?.accessKeyId ?? ''}`,
      keys,
    );
    expect(await send(CREATE, { environmentName: 'late' })).toMatchObject({
      success: false,
      error: { code: 'UNAVAILABLE' },
    });
    expect(await send(ACCEPT, { id: created.data?.id })).toMatchObject({ success: true });

    expect(await controlPlane.end('SIGTERM')).toBe(0);
    const lost = await send(ACCEPT, { id: created.data?.id });
    expect(lost).toMatchObject({ success: false, error: { code: 'UNAVAILABLE', retryable: true } });
    expect(lost.error?.message).not.toMatch(/127\.0\.0\.1|ECONN|proton-/);
    const { errors } = await request(subgraph.url, LIST);
    expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['UNAVAILABLE']);
    expect(await subgraph.end('SIGTERM')).toBe(0);
  });

  it('shuts down on SIGTERM although the credential provider never responds', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const connected = once(silent, 'connection');
    const subgraph = await startServerProcess({
      PROTON_UPSTREAM: 'aws',
      PROTON_ACCOUNTS: ENVIRONMENT,
      PROTON_TIMEOUT_MS: '300',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${String(port)}/`,
    });
    const { errors } = await request(subgraph.url, LIST);
    expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['UNAVAILABLE']);
    await connected;
    expect(await subgraph.end('SIGTERM')).toBe(0);
    silent.close();
  });
});
