import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Kind, parse, visit } from 'graphql';

import {
  AcceptEnvironmentAccountConnectionDocument,
  CreateEnvironmentAccountConnectionDocument,
  DeleteEnvironmentAccountConnectionDocument,
  EnvironmentAccountConnectionByArnDocument,
  EnvironmentAccountConnectionDocument,
  EnvironmentAccountConnectionsDocument,
  NeighbouringConnectionsDocument,
  RejectEnvironmentAccountConnectionDocument,
  TagEnvironmentAccountConnectionDocument,
  UntagEnvironmentAccountConnectionDocument,
  UpdateEnvironmentAccountConnectionDocument,
} from '../../generated/operations/graphql';
import { startApp, type RunningApp } from '../support/app';
import { dataOf, request } from '../support/graphql-client';
import { PROJECT } from '../support/server-process';

const OPERATIONS = join(PROJECT, 'schema', 'operations');
const variables = JSON.parse(readFileSync(join(OPERATIONS, 'variables.json'), 'utf8')) as Record<
  string,
  never
>;

const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

describe('The operations of schema/operations', () => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await startApp();
  });

  afterAll(() => app.stop());

  it.each(readdirSync(OPERATIONS).filter((name) => name.endsWith('.graphql')))(
    '%s runs with the variables that Sandbox presets',
    async (name) => {
      const document = readFileSync(join(OPERATIONS, name), 'utf8');
      const { errors } = await request(app.url, document, variables);
      // Over HTTP, a subscription that is valid is refused for its transport alone.
      const isSubscription = /^subscription /m.test(document);
      expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(
        isSubscription ? ['SUBSCRIPTION_NOT_SUPPORTED'] : undefined,
      );
    },
  );

  it('have a preset for every required variable', () => {
    const required = new Set<string>();
    for (const name of readdirSync(OPERATIONS).filter((file) => file.endsWith('.graphql'))) {
      visit(parse(readFileSync(join(OPERATIONS, name), 'utf8')), {
        VariableDefinition({ variable, type }) {
          if (type.kind === Kind.NON_NULL_TYPE) required.add(variable.name.value);
        },
      });
    }
    expect(required.size).toBeGreaterThan(0);
    expect([...required].filter((name) => !(name in variables))).toEqual([]);
  });

  it('cover the life of a connection, from creation to deletion', async () => {
    const created = await dataOf(app.url, CreateEnvironmentAccountConnectionDocument, {
      create: {
        managementAccountId: '111111111111',
        environmentName: 'life',
        roleArn: 'arn:aws:iam::222222222222:role/a',
      },
    });
    expect(created.createEnvironmentAccountConnection).toEqual({
      success: true,
      data: {
        id: UUID,
        arn: expect.stringMatching(
          /^arn:aws:proton:us-east-1:222222222222:environment-account-connection\//,
        ) as string,
        created_at: INSTANT,
        status: 'PENDING',
        environmentAccountId: '222222222222',
      },
      error: null,
    });
    const { id = '', arn = '' } = created.createEnvironmentAccountConnection?.data ?? {};

    const accepted = await dataOf(app.url, AcceptEnvironmentAccountConnectionDocument, { id });
    expect(accepted.acceptEnvironmentAccountConnection).toMatchObject({
      success: true,
      data: { id, status: 'CONNECTED' },
    });

    const updated = await dataOf(app.url, UpdateEnvironmentAccountConnectionDocument, {
      update: { id, componentRoleArn: 'arn:aws:iam::222222222222:role/b' },
    });
    expect(updated.updateEnvironmentAccountConnection?.data).toMatchObject({
      roleArn: 'arn:aws:iam::222222222222:role/a',
      componentRoleArn: 'arn:aws:iam::222222222222:role/b',
      codebuildRoleArn: null,
    });

    const tags = [{ key: 'team', value: 'payments' }];
    const tagged = await dataOf(app.url, TagEnvironmentAccountConnectionDocument, { id, tags });
    expect(tagged.tagEnvironmentAccountConnection?.data?.tags).toEqual(tags);

    const byArn = await dataOf(app.url, EnvironmentAccountConnectionByArnDocument, { arn });
    expect(byArn.environmentAccountConnectionByArn).toEqual({
      id,
      arn,
      status: 'CONNECTED',
      environmentName: 'life',
    });

    const listed = await dataOf(app.url, EnvironmentAccountConnectionsDocument, {
      filter: { environmentName: 'life' },
    });
    expect(listed.environmentAccountConnections).toMatchObject({ totalCount: 1, edges: [{ node: { id } }] });

    const around = await dataOf(app.url, NeighbouringConnectionsDocument, { id });
    expect(around.environmentAccountConnection?.managementAccount.id).toBe('111111111111');
    const nodes =
      around.environmentAccountConnection?.environmentAccount.environmentAccountConnections?.nodes;
    expect(nodes).toContainEqual({ id, environmentName: 'life', status: 'CONNECTED' });

    const untagged = await dataOf(app.url, UntagEnvironmentAccountConnectionDocument, {
      id,
      tagKeys: ['team'],
    });
    expect(untagged.untagEnvironmentAccountConnection?.data?.tags).toEqual([]);

    const rejected = await dataOf(app.url, RejectEnvironmentAccountConnectionDocument, { id });
    expect(rejected.rejectEnvironmentAccountConnection?.data).toMatchObject({ status: 'REJECTED' });

    const read = await dataOf(app.url, EnvironmentAccountConnectionDocument, { id });
    const events = read.environmentAccountConnection?.history?.nodes.map(({ type, actor }) => [type, actor]);
    expect(events).toEqual(
      ['REJECTED', 'UNTAGGED', 'TAGGED', 'UPDATED', 'ACCEPTED', 'CREATED'].map((type) => [type, 'anonymous']),
    );

    const deleted = await dataOf(app.url, DeleteEnvironmentAccountConnectionDocument, { id });
    expect(deleted.deleteEnvironmentAccountConnection).toEqual({
      success: true,
      deletedId: id,
      data: { id, status: 'REJECTED' },
      error: null,
    });
    const again = await dataOf(app.url, DeleteEnvironmentAccountConnectionDocument, { id });
    expect(again.deleteEnvironmentAccountConnection).toEqual({
      success: true,
      deletedId: id,
      data: null,
      error: null,
    });
    expect(
      (await dataOf(app.url, EnvironmentAccountConnectionDocument, { id })).environmentAccountConnection,
    ).toBeNull();
  });
});
