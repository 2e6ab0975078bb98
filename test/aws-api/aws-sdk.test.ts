/* eslint-disable @typescript-eslint/no-deprecated -- AWS deprecated the whole client when Proton ended. This test checks that it works with this server. */
import {
  AcceptEnvironmentAccountConnectionCommand,
  CreateEnvironmentAccountConnectionCommand,
  DeleteEnvironmentAccountConnectionCommand,
  GetEnvironmentAccountConnectionCommand,
  ListEnvironmentAccountConnectionsCommand,
  ListTagsForResourceCommand,
  paginateListEnvironmentAccountConnections,
  paginateListTagsForResource,
  ProtonClient,
  RejectEnvironmentAccountConnectionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEnvironmentAccountConnectionCommand,
  type CreateEnvironmentAccountConnectionInput,
  type EnvironmentAccountConnection,
} from '@aws-sdk/client-proton';

import type { AccountId } from '../../src/proton/identifiers';
import { startEndpoint, type RunningEndpoint } from '../support/aws-api';
import { ENVIRONMENT, MANAGEMENT, STRANGER } from '../support/proton';

const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const role = (name: string) => `arn:aws:iam::${ENVIRONMENT}:role/${name}`;

describe.each(['none', 'sigv4'] as const)('@aws-sdk/client-proton, with authentication %s', (auth) => {
  let endpoint: RunningEndpoint;
  let clients: ProtonClient[] = [];
  let environment: ProtonClient;
  let management: ProtonClient;
  let stranger: ProtonClient;
  let otherRegion: ProtonClient;

  beforeEach(async () => {
    endpoint = await startEndpoint({ auth, quota: 60 });
    environment = await clientOf(ENVIRONMENT);
    management = await clientOf(MANAGEMENT);
    stranger = await clientOf(STRANGER);
    otherRegion = await clientOf(ENVIRONMENT, { region: 'us-gov-west-1' });
  });

  afterEach(async () => {
    for (const client of clients) client.destroy();
    clients = [];
    await endpoint.stop();
  });

  async function clientOf(
    accountId: AccountId,
    options: { readonly region?: string; readonly systemClockOffset?: number } = {},
  ): Promise<ProtonClient> {
    const credentials =
      auth === 'none'
        ? { accessKeyId: accountId, secretAccessKey: 'x' }
        : await endpoint.accessKeys.issue(accountId);
    const client = new ProtonClient({
      endpoint: endpoint.origin,
      region: 'eu-central-1',
      credentials,
      ...options,
    });
    clients.push(client);
    return client;
  }

  async function create(
    input: Partial<CreateEnvironmentAccountConnectionInput> = {},
    client = environment,
  ): Promise<EnvironmentAccountConnection> {
    const { environmentAccountConnection: connection } = await client.send(
      new CreateEnvironmentAccountConnectionCommand({
        managementAccountId: MANAGEMENT,
        environmentName: 'payments-prod',
        ...input,
      }),
    );
    if (!connection) throw new Error('the response contains no connection');
    return connection;
  }

  const get = async (id: string | undefined, client = environment) =>
    (await client.send(new GetEnvironmentAccountConnectionCommand({ id }))).environmentAccountConnection;

  const tagsOf = async (resourceArn: string | undefined, client = environment) =>
    (await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags;

  it('creates, accepts, updates, tags, rejects and deletes a connection', async () => {
    const before = Date.now();
    const pending = await create({ roleArn: role('proton'), tags: [{ key: 'team', value: 'payments' }] });
    expect(pending).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      arn: `arn:aws:proton:eu-central-1:${ENVIRONMENT}:environment-account-connection/${pending.id ?? ''}`,
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'payments-prod',
      roleArn: role('proton'),
      status: 'PENDING',
      requestedAt: pending.lastModifiedAt,
      lastModifiedAt: expect.any(Date) as Date,
    });
    expect(pending.requestedAt?.getTime()).toBeGreaterThanOrEqual(before);
    expect(pending.requestedAt?.getTime()).toBeLessThanOrEqual(Date.now());

    const { id, arn } = pending;
    const { environmentAccountConnection: connected } = await management.send(
      new AcceptEnvironmentAccountConnectionCommand({ id }),
    );
    expect(connected).toMatchObject({ id, status: 'CONNECTED', requestedAt: pending.requestedAt });

    const { environmentAccountConnection: updated } = await environment.send(
      new UpdateEnvironmentAccountConnectionCommand({
        id,
        componentRoleArn: role('components'),
        codebuildRoleArn: role('codebuild'),
      }),
    );
    expect(updated).toMatchObject({
      status: 'CONNECTED',
      roleArn: role('proton'),
      componentRoleArn: role('components'),
      codebuildRoleArn: role('codebuild'),
    });
    expect(await get(id)).toEqual(updated);
    expect(await get(id, management)).toEqual(updated);

    const { environmentAccountConnections: listed } = await management.send(
      new ListEnvironmentAccountConnectionsCommand({ requestedBy: 'MANAGEMENT_ACCOUNT' }),
    );
    const { codebuildRoleArn, ...summary } = { ...updated };
    expect(codebuildRoleArn).toBe(role('codebuild'));
    expect(listed).toEqual([summary]);

    await environment.send(
      new TagResourceCommand({
        resourceArn: arn,
        tags: [
          { key: 'cost', value: '' },
          { key: 'team', value: 'risk' },
        ],
      }),
    );
    const tags = [
      { key: 'cost', value: '' },
      { key: 'team', value: 'risk' },
    ];
    expect([await tagsOf(arn), await tagsOf(arn, management)]).toEqual([tags, tags]);
    await environment.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: ['cost', 'absent'] }));
    expect(await tagsOf(arn)).toEqual([{ key: 'team', value: 'risk' }]);

    const { environmentAccountConnection: rejected } = await management.send(
      new RejectEnvironmentAccountConnectionCommand({ id }),
    );
    expect(rejected).toMatchObject({ id, status: 'REJECTED' });

    const { environmentAccountConnection: deleted } = await environment.send(
      new DeleteEnvironmentAccountConnectionCommand({ id }),
    );
    expect(deleted).toEqual(rejected);
    const again = await environment.send(new DeleteEnvironmentAccountConnectionCommand({ id }));
    expect(again.environmentAccountConnection).toBeUndefined();
    await expect(get(id)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(endpoint.faults).toEqual([]);
  });

  it('throws each of Proton’s exceptions as an instance of its class', async () => {
    const { id, arn } = await create();
    await expect(create()).rejects.toMatchObject({
      name: 'ConflictException',
      $fault: 'client',
      message: expect.stringContaining(id ?? '') as string,
      $metadata: { httpStatusCode: 400, attempts: 1, requestId: expect.stringMatching(/-/) as string },
    });
    await expect(create({ managementAccountId: '1', environmentName: '_' })).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        'Invalid input: managementAccountId must be 12 digits; environmentName must begin with a letter or digit and go on with letters, digits, "_" and "-".',
    });
    await expect(create({ roleArn: 'arn:aws-cn:iam::111111111111:role/x' })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        /roleArn must be a role of the environment account.*; roleArn must be a role of the partition aws/,
      ) as string,
    });
    await expect(get(UNKNOWN_ID)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(
      environment.send(new AcceptEnvironmentAccountConnectionCommand({ id })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(
      management.send(new DeleteEnvironmentAccountConnectionCommand({ id })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(
      management.send(new UpdateEnvironmentAccountConnectionCommand({ id, roleArn: role('x') })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(
      management.send(new TagResourceCommand({ resourceArn: arn, tags: [{ key: 'a', value: 'b' }] })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await management.send(new RejectEnvironmentAccountConnectionCommand({ id }));
    await expect(
      management.send(new AcceptEnvironmentAccountConnectionCommand({ id })),
    ).rejects.toMatchObject({ name: 'ConflictException' });
    for (let count = 1; count < 60; count += 1) await create({ environmentName: `e${String(count)}` });
    await expect(create({ environmentName: 'one-too-many' })).rejects.toMatchObject({
      name: 'ServiceQuotaExceededException',
    });
    expect(endpoint.faults).toEqual([]);
  });

  it('finds no connection of another account or another Region', async () => {
    const { id, arn = '' } = await create({ tags: [{ key: 'team', value: 'payments' }] });
    for (const client of [stranger, otherRegion]) {
      const missing = {
        name: 'ResourceNotFoundException',
        message: `No environment account connection has the id ${id ?? ''}.`,
      };
      await expect(get(id, client)).rejects.toMatchObject(missing);
      for (const command of [
        new AcceptEnvironmentAccountConnectionCommand({ id }),
        new RejectEnvironmentAccountConnectionCommand({ id }),
      ]) {
        await expect(client.send(command)).rejects.toMatchObject(missing);
      }
      await expect(
        client.send(new UpdateEnvironmentAccountConnectionCommand({ id, roleArn: role('x') })),
      ).rejects.toMatchObject(missing);
      await expect(tagsOf(arn, client)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
      await expect(
        client.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: ['team'] })),
      ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
      const { environmentAccountConnection: deleted } = await client.send(
        new DeleteEnvironmentAccountConnectionCommand({ id }),
      );
      expect(deleted).toBeUndefined();
      for (const requestedBy of ['MANAGEMENT_ACCOUNT', 'ENVIRONMENT_ACCOUNT'] as const) {
        const { environmentAccountConnections: listed } = await client.send(
          new ListEnvironmentAccountConnectionsCommand({ requestedBy }),
        );
        expect(listed).toEqual([]);
      }
    }
    expect(await get(id)).toMatchObject({ status: 'PENDING' });
    expect(await tagsOf(arn)).toEqual([{ key: 'team', value: 'payments' }]);
  });

  it('creates a connection in the client’s Region and its partition', async () => {
    const here = await create();
    const there = await create({ roleArn: `arn:aws-us-gov:iam::${ENVIRONMENT}:role/x` }, otherRegion);
    expect(there.arn).toBe(
      `arn:aws-us-gov:proton:us-gov-west-1:${ENVIRONMENT}:environment-account-connection/${there.id ?? ''}`,
    );
    expect((await get(there.id, otherRegion))?.id).toBe(there.id);
    await expect(get(here.id, otherRegion)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it.each([
    ['another Region', (arn: string) => arn.replace('eu-central-1', 'us-east-1')],
    ['another partition', (arn: string) => arn.replace('arn:aws:', 'arn:aws-cn:')],
    ['another account', (arn: string) => arn.replace(ENVIRONMENT, MANAGEMENT)],
    ['an unknown id', (arn: string) => arn.replace(/[^/]+$/, UNKNOWN_ID)],
    ['an upper-case id', (arn: string) => arn.toUpperCase().replace(/^.*\//, arn.replace(/[^/]+$/, ''))],
    [
      'another kind of resource',
      (arn: string) => arn.replace('environment-account-connection', 'environment'),
    ],
    ['another service', (arn: string) => arn.replace(':proton:', ':s3:')],
    ['a path after its id', (arn: string) => `${arn}/x`],
  ])('finds no tags under an ARN with %s', async (_title, forged) => {
    const { arn = '', id = '' } = await create({ tags: [{ key: 'team', value: 'payments' }] });
    // An id of digits alone has no upper-case form.
    const resourceArn = forged(arn) === arn ? `${arn.slice(0, -id.length)}${UNKNOWN_ID}` : forged(arn);
    await expect(tagsOf(resourceArn)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `No environment account connection has the ARN ${resourceArn}.`,
    });
    await expect(
      environment.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'a', value: 'b' }] })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await tagsOf(arn)).toHaveLength(1);
  });

  it('reads a list page by page, newest first, while connections are created and deleted', async () => {
    const names: string[] = [];
    for (let count = 0; count < 45; count += 1) {
      const name = `e${String(count)}`;
      await create({ environmentName: name, managementAccountId: count % 3 === 0 ? STRANGER : MANAGEMENT });
      names.unshift(name);
    }
    const query = { requestedBy: 'ENVIRONMENT_ACCOUNT' } as const;
    const first = await environment.send(new ListEnvironmentAccountConnectionsCommand(query));
    expect(first.environmentAccountConnections).toHaveLength(20);
    expect(first.nextToken).toMatch(/^[A-Za-z0-9+=/]+$/);

    const read: string[] = [];
    for await (const page of paginateListEnvironmentAccountConnections(
      { client: environment, pageSize: 20 },
      query,
    )) {
      read.push(
        ...(page.environmentAccountConnections ?? []).map(({ environmentName }) => environmentName ?? ''),
      );
      if (read.length === 20) {
        await create({ environmentName: 'created-meanwhile' });
        const [seen] = page.environmentAccountConnections ?? [];
        await environment.send(new DeleteEnvironmentAccountConnectionCommand({ id: seen?.id }));
      }
    }
    expect(read).toEqual(names);

    // The page size may change between pages, but nothing else.
    const { nextToken } = first;
    const rest = await environment.send(
      new ListEnvironmentAccountConnectionsCommand({ ...query, nextToken, maxResults: 100 }),
    );
    expect(rest.environmentAccountConnections).toHaveLength(25);
    expect(rest.nextToken).toBeUndefined();
    for (const [client, other] of [
      [environment, { ...query, environmentName: 'e1' }],
      [environment, { ...query, statuses: ['PENDING' as const] }],
      [environment, { requestedBy: 'MANAGEMENT_ACCOUNT' as const }],
      [management, query],
      [otherRegion, query],
    ] satisfies [ProtonClient, ListEnvironmentAccountConnectionsCommand['input']][]) {
      await expect(
        client.send(new ListEnvironmentAccountConnectionsCommand({ ...other, nextToken })),
      ).rejects.toMatchObject({
        name: 'ValidationException',
        message: 'Invalid input: nextToken must be a token that an earlier page of the same query answered.',
      });
    }
    for (const forged of [
      `A${nextToken?.slice(1) ?? ''}`,
      `${nextToken ?? ''}=`,
      nextToken?.slice(0, -4),
      'AAAA',
    ]) {
      await expect(
        environment.send(new ListEnvironmentAccountConnectionsCommand({ ...query, nextToken: forged })),
      ).rejects.toMatchObject({ name: 'ValidationException' });
    }
  });

  it('filters a list by role, name and statuses', async () => {
    const own = await create({ managementAccountId: ENVIRONMENT, environmentName: 'own' });
    const other = await create({ environmentName: 'other' });
    await environment.send(new AcceptEnvironmentAccountConnectionCommand({ id: own.id }));
    const ids = async (input: ListEnvironmentAccountConnectionsCommand['input']) =>
      (
        await environment.send(new ListEnvironmentAccountConnectionsCommand(input))
      ).environmentAccountConnections?.map(({ id }) => id);
    expect(await ids({ requestedBy: 'ENVIRONMENT_ACCOUNT' })).toEqual([other.id, own.id]);
    expect(await ids({ requestedBy: 'MANAGEMENT_ACCOUNT' })).toEqual([own.id]);
    expect(await ids({ requestedBy: 'ENVIRONMENT_ACCOUNT', environmentName: 'other' })).toEqual([other.id]);
    expect(await ids({ requestedBy: 'ENVIRONMENT_ACCOUNT', statuses: ['CONNECTED'] })).toEqual([own.id]);
    expect(await ids({ requestedBy: 'ENVIRONMENT_ACCOUNT', statuses: [] })).toEqual([other.id, own.id]);
    expect(await ids({ requestedBy: 'ENVIRONMENT_ACCOUNT', statuses: ['REJECTED'] })).toEqual([]);
  });

  it('reads tags in the order of their keys, page by page, while tags are added and removed', async () => {
    const keys = Array.from({ length: 25 }, (_, index) => `key ${String(index).padStart(2, '0')}`);
    const tags = keys.map((key) => ({ key, value: key }));
    const { arn } = await create({ tags: tags.toReversed() });
    expect(await tagsOf(arn)).toEqual(tags);
    const read: string[] = [];
    for await (const page of paginateListTagsForResource(
      { client: environment, pageSize: 10 },
      { resourceArn: arn },
    )) {
      read.push(...(page.tags ?? []).map(({ key }) => key ?? ''));
      if (read.length === 10) {
        // Remove the last tag that was read and one on a later page. Add one before and one after this position.
        await environment.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: ['key 09', 'key 15'] }));
        await environment.send(
          new TagResourceCommand({
            resourceArn: arn,
            tags: ['key 00a', 'key 24a'].map((key) => ({ key, value: '' })),
          }),
        );
      }
    }
    expect(read).toEqual([...keys.filter((key) => key !== 'key 15'), 'key 24a']);

    const { arn: otherArn } = await create({ environmentName: 'other', tags });
    const { nextToken } = await environment.send(
      new ListTagsForResourceCommand({ resourceArn: arn, maxResults: 1 }),
    );
    await expect(
      environment.send(new ListTagsForResourceCommand({ resourceArn: otherArn, nextToken })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('creates one connection per client token, and refuses the token with other parameters', async () => {
    const first = await create({
      clientToken: 'token',
      tags: [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ],
    });
    const second = await create({
      clientToken: 'token',
      tags: [
        { key: 'b', value: '2' },
        { key: 'a', value: '1' },
      ],
    });
    expect(second).toEqual(first);
    await expect(create({ clientToken: 'token', environmentName: 'other' })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('clientToken must not have been used') as string,
    });
    const { environmentAccountConnections: listed } = await environment.send(
      new ListEnvironmentAccountConnectionsCommand({ requestedBy: 'ENVIRONMENT_ACCOUNT' }),
    );
    expect(listed).toHaveLength(1);
  });

  it.each([-3_600_000, 3_600_000])(
    'works with a server whose clock is %i milliseconds off',
    async (offset) => {
      await endpoint.stop();
      endpoint = await startEndpoint({ auth, now: () => Date.now() + offset });
      const client = await clientOf(ENVIRONMENT);
      const { $metadata, environmentAccountConnection: created } = await client.send(
        new CreateEnvironmentAccountConnectionCommand({
          managementAccountId: MANAGEMENT,
          environmentName: 'late',
        }),
      );
      expect(created?.status).toBe('PENDING');
      // The SDK takes the server's time from the first refusal and signs the second attempt with it.
      expect($metadata.attempts).toBe(auth === 'none' ? 1 : 2);
    },
  );
});
