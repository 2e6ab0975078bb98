/* eslint-disable @typescript-eslint/no-deprecated -- AWS deprecated the whole client when it ended Proton. This test proves that it still works. */
import {
  AcceptEnvironmentAccountConnectionCommand,
  CreateEnvironmentAccountConnectionCommand,
  DeleteEnvironmentAccountConnectionCommand,
  GetEnvironmentAccountConnectionCommand,
  ListTagsForResourceCommand,
  ProtonClient,
} from '@aws-sdk/client-proton';

import {
  CreateEnvironmentAccountConnectionDocument,
  EnvironmentAccountConnectionDocument,
} from '../../generated/operations/graphql';
import { startApp, type RunningApp } from '../support/app';
import { dataOf } from '../support/graphql-client';
import { ENVIRONMENT, MANAGEMENT } from '../support/proton';

describe('One control plane with GraphQL and AWS clients', () => {
  let app: RunningApp;
  let environment: ProtonClient;
  let management: ProtonClient;

  beforeAll(async () => {
    app = await startApp();
    environment = clientOf(ENVIRONMENT);
    management = clientOf(MANAGEMENT);
  });

  afterAll(async () => {
    environment.destroy();
    management.destroy();
    await app.stop();
  });

  function clientOf(accountId: string): ProtonClient {
    if (app.protonEndpoint === undefined) throw new Error('the app has no endpoint');
    return new ProtonClient({
      endpoint: app.protonEndpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: accountId, secretAccessKey: 'x' },
    });
  }

  const read = async (id: string | undefined) =>
    (await dataOf(app.url, EnvironmentAccountConnectionDocument, { id: id ?? '' }))
      .environmentAccountConnection;

  it('returns a change by an AWS client in GraphQL at once', async () => {
    const { environmentAccountConnection: created } = await environment.send(
      new CreateEnvironmentAccountConnectionCommand({
        managementAccountId: MANAGEMENT,
        environmentName: 'payments-prod',
      }),
    );
    const id = created?.id;
    expect(await read(id)).toMatchObject({ id, arn: created?.arn, status: 'PENDING' });
    await management.send(new AcceptEnvironmentAccountConnectionCommand({ id }));
    expect(await read(id)).toMatchObject({ status: 'CONNECTED' });
    await environment.send(new DeleteEnvironmentAccountConnectionCommand({ id }));
    expect(await read(id)).toBeNull();
  });

  it('returns a change by a mutation to an AWS client at once', async () => {
    const { createEnvironmentAccountConnection: payload } = await dataOf(
      app.url,
      CreateEnvironmentAccountConnectionDocument,
      {
        create: {
          managementAccountId: MANAGEMENT,
          environmentAccountId: ENVIRONMENT,
          environmentName: 'orders-prod',
          region: 'eu-central-1',
          tags: [{ key: 'team', value: 'orders' }],
        },
      },
    );
    const { environmentAccountConnection: got } = await management.send(
      new GetEnvironmentAccountConnectionCommand({ id: payload?.data?.id }),
    );
    expect(got).toMatchObject({ environmentName: 'orders-prod', status: 'PENDING' });
    const { tags } = await environment.send(new ListTagsForResourceCommand({ resourceArn: got?.arn }));
    expect(tags).toEqual([{ key: 'team', value: 'orders' }]);
  });
});
