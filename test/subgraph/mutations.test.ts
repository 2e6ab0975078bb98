import { CreateEnvironmentAccountConnectionDocument } from '../../generated/operations/graphql';
import { startApp, type RunningApp } from '../support/app';
import { dataOf, request } from '../support/graphql-client';

const CREATE = { managementAccountId: '111111111111', environmentName: 'payments-prod' };
const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const ERROR = 'success data { id } error { code message retryable violations { path message } }';

describe('Mutations', () => {
  let app: RunningApp;

  beforeEach(async () => {
    app = await startApp({ PROTON_CONNECTION_QUOTA: '2' });
  });

  afterEach(() => app.stop());

  it('create a connection from the two required fields, with the configured account and Region', async () => {
    const { createEnvironmentAccountConnection: payload } = await dataOf(
      app.url,
      CreateEnvironmentAccountConnectionDocument,
      {
        create: CREATE,
      },
    );
    expect(payload?.data?.environmentAccountId).toBe('000000000000');
    expect(payload?.data?.arn).toMatch(/^arn:aws:proton:us-east-1:000000000000:/);
  });

  it('return the shape that frontends rely on, for success and for failure', async () => {
    const operation = `mutation { createEnvironmentAccountConnection(input: {
      managementAccountId: "111111111111", environmentName: "payments-prod",
      roleArn: "arn:aws:iam::222222222222:role/proton-provisioning" }) {
      success data { id created_at: createdAt status } error { code message } } }`;
    expect(await request(app.url, operation)).toEqual({
      data: {
        createEnvironmentAccountConnection: {
          success: true,
          data: {
            id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
            created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
            status: 'PENDING',
          },
          error: null,
        },
      },
    });
    expect(await request(app.url, operation.replace('payments-prod', '-'))).toEqual({
      data: {
        createEnvironmentAccountConnection: {
          success: false,
          data: null,
          error: { code: 'VALIDATION_ERROR', message: expect.stringContaining('environmentName') as string },
        },
      },
    });
  });

  it('list every violation with its path in the input', async () => {
    const create = {
      ...CREATE,
      managementAccountId: '1',
      roleArn: 'x',
      tags: [
        { key: '', value: '' },
        { key: 'aws:a', value: '' },
      ],
    };
    const { createEnvironmentAccountConnection: payload } = await dataOf(
      app.url,
      CreateEnvironmentAccountConnectionDocument,
      { create },
    );
    expect(payload).toMatchObject({ success: false, data: null, error: { code: 'VALIDATION_ERROR' } });
    expect(payload?.error?.violations.map(({ path }) => path)).toEqual([
      ['managementAccountId'],
      ['roleArn'],
      ['tags', '0', 'key'],
      ['tags', '1', 'key'],
    ]);
  });

  it('return each expected failure as data, with its code', async () => {
    const { createEnvironmentAccountConnection: first } = await dataOf(
      app.url,
      CreateEnvironmentAccountConnectionDocument,
      {
        create: CREATE,
      },
    );
    const id = first?.data?.id ?? '';
    await request(
      app.url,
      `mutation { rejectEnvironmentAccountConnection(input: { id: "${id}" }) { success } }`,
    );
    await request(app.url, CreateEnvironmentAccountConnectionDocument, {
      create: { ...CREATE, environmentName: 'second' },
    });

    const failures: readonly [string, string][] = [
      [`acceptEnvironmentAccountConnection(input: { id: "${id}" })`, 'CONFLICT'],
      [`acceptEnvironmentAccountConnection(input: { id: "${UNKNOWN}" })`, 'NOT_FOUND'],
      [`updateEnvironmentAccountConnection(input: { id: "${id}" })`, 'VALIDATION_ERROR'],
      [`deleteEnvironmentAccountConnection(input: { id: "nonsense" })`, 'VALIDATION_ERROR'],
      [`tagEnvironmentAccountConnection(input: { id: "${id}", tags: [] })`, 'VALIDATION_ERROR'],
      [`untagEnvironmentAccountConnection(input: { id: 7, tagKeys: ["a"] })`, 'VALIDATION_ERROR'],
      [
        `createEnvironmentAccountConnection(input: { managementAccountId: "111111111111", environmentName: "third" })`,
        'QUOTA_EXCEEDED',
      ],
    ];
    for (const [call, code] of failures) {
      const response = await request(app.url, `mutation { it: ${call} { ${ERROR} } }`);
      expect(response.errors).toBeUndefined();
      expect(response.data).toMatchObject({
        it: { success: false, data: null, error: { code, retryable: false } },
      });
    }
  });

  it('return no deletedId when a deletion fails', async () => {
    const call =
      'mutation { deleteEnvironmentAccountConnection(input: { id: "nonsense" }) { success deletedId data { id } } }';
    expect((await request(app.url, call)).data).toEqual({
      deleteEnvironmentAccountConnection: { success: false, deletedId: null, data: null },
    });
  });

  it('of one document run one after another, and each sees the changes of the one before', async () => {
    const list =
      'data { managementAccount { environmentAccountConnections { totalCount nodes { environmentName } } } }';
    const call = (name: string) =>
      `${name}: createEnvironmentAccountConnection(input: { managementAccountId: "111111111111", environmentName: "${name}" }) { ${list} }`;
    const { data } = await request(app.url, `mutation { ${call('a')} ${call('b')} }`);
    const counted = (alias: string) =>
      `${alias}.data.managementAccount.environmentAccountConnections.totalCount`;
    expect(data).toHaveProperty(counted('a'), 1);
    expect(data).toHaveProperty(counted('b'), 2);
  });

  it('return the history of a connection that they have just deleted', async () => {
    const { createEnvironmentAccountConnection: payload } = await dataOf(
      app.url,
      CreateEnvironmentAccountConnectionDocument,
      {
        create: CREATE,
      },
    );
    const call = `mutation { deleteEnvironmentAccountConnection(input: { id: "${payload?.data?.id ?? ''}" }) {
      data { status history { nodes { type previousStatus status } } } } }`;
    expect((await request(app.url, call)).data).toEqual({
      deleteEnvironmentAccountConnection: {
        data: {
          status: 'PENDING',
          history: {
            nodes: [
              { type: 'DELETED', previousStatus: 'PENDING', status: null },
              { type: 'CREATED', previousStatus: null, status: 'PENDING' },
            ],
          },
        },
      },
    });
  });
});
