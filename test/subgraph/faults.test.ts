import BetterSqlite3 from 'better-sqlite3';
import { graphql, GraphQLError } from 'graphql';

import { CreateEnvironmentAccountConnectionDocument } from '../../generated/operations/graphql';
import { hiddenCause, createErrorFormatter } from '../../src/graphql/format-error';
import { ProtonFailure } from '../../src/proton/failure';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';
import { buildSubgraph } from '../../src/subgraph/schema';
import { startApp, type RunningApp } from '../support/app';
import { useTemporaryFolder } from '../support/folder';
import { dataOf, request } from '../support/graphql-client';
import { createControlPlane } from '../support/proton';

const { schema } = buildSubgraph();

describe('A store that can’t be written', () => {
  const folder = useTemporaryFolder();

  it('makes mutations return UNAVAILABLE as data, and the cause is logged', async () => {
    const location = folder.path('proton.db');
    const { service, store } = createControlPlane({ location, lockTimeoutMs: 0 });
    const other = new BetterSqlite3(location);
    other.exec('BEGIN IMMEDIATE');
    const faults: unknown[] = [];
    const { data, errors } = await graphql({
      schema,
      source: `mutation { it: createEnvironmentAccountConnection(
        input: { managementAccountId: "111111111111", environmentName: "a" }) {
        success data { id } error { code retryable violations { message } } } }`,
      contextValue: createContext(service, unrestrictedViewer('someone'), (fault) => faults.push(fault)),
    });
    other.close();
    await store.close();
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      it: { success: false, data: null, error: { code: 'UNAVAILABLE', retryable: true, violations: [] } },
    });
    expect(faults).toMatchObject([{ code: 'UNAVAILABLE', cause: { code: 'SQLITE_BUSY' } }]);
  });
});

describe('An expected failure', () => {
  it('is not logged when a retry would not help', async () => {
    const { service, store } = createControlPlane();
    const faults: unknown[] = [];
    const { data } = await graphql({
      schema,
      source: `mutation { it: acceptEnvironmentAccountConnection(
        input: { id: "00000000-0000-4000-8000-000000000000" }) { error { code } } }`,
      contextValue: createContext(service, unrestrictedViewer('someone'), (fault) => faults.push(fault)),
    });
    await store.close();
    expect(data).toEqual({ it: { error: { code: 'NOT_FOUND' } } });
    expect(faults).toEqual([]);
  });
});

describe('A representation', () => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await startApp();
  });

  afterAll(() => app.stop());

  async function created(environmentName: string): Promise<{ readonly id: string; readonly arn: string }> {
    const { createEnvironmentAccountConnection: payload } = await dataOf(
      app.url,
      CreateEnvironmentAccountConnectionDocument,
      { create: { managementAccountId: '111111111111', environmentName } },
    );
    if (!payload?.data) throw new Error(JSON.stringify(payload));
    return payload.data;
  }

  it.each([
    ['no type name', [{}]],
    ['an unknown type', [{ __typename: 'Nothing', id: '1' }]],
    ['a type that is not an entity', [{ __typename: 'PageInfo' }]],
    ['a string', ['EnvironmentAccountConnection']],
    ['a type name that is not a string', [{ __typename: 7 }]],
  ])('with %s is BAD_USER_INPUT, and the message names its index', async (_name, wrong) => {
    const representations = [{ __typename: 'AwsAccount', id: '111111111111' }, ...wrong];
    const { errors } = await request(
      app.url,
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }',
      { representations },
    );
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining('representations.1 must') as string,
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });

  it('is resolved independently of other representations that swap id and ARN', async () => {
    const { id, arn } = await created('neighbour');
    const __typename = 'EnvironmentAccountConnection';
    const entities = await request(
      app.url,
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on EnvironmentAccountConnection { id } } }',
      {
        representations: [
          { __typename, id: arn },
          { __typename, arn },
          { __typename, arn: id },
          { __typename, id },
          { __typename, id: null, arn },
        ],
      },
    );
    expect(entities).toEqual({ data: { _entities: [null, { id }, null, { id }, { id }] } });
    const roots = await request(
      app.url,
      'query ($id: ID!, $arn: ID!) { b: environmentAccountConnectionByArn(arn: $arn) { id } a: environmentAccountConnection(id: $arn) { id } c: environmentAccountConnectionByArn(arn: $id) { id } }',
      { id, arn },
    );
    expect(roots).toEqual({ data: { a: null, b: { id }, c: null } });
  });

  it('with an id and an ARN of different connections is null', async () => {
    const { id, arn } = await created('a');
    const reference = { __typename: 'EnvironmentAccountConnection', id, arn };
    const entities = await request(
      app.url,
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on EnvironmentAccountConnection { id } } }',
      {
        representations: [
          reference,
          { ...reference, arn: arn.replace('us-east-1', 'eu-west-1') },
          { __typename: reference.__typename },
        ],
      },
    );
    expect(entities).toEqual({ data: { _entities: [{ id }, null, null] } });
  });
});

describe('An error during execution', () => {
  const formatted = {
    message: 'SELECT * FROM secrets',
    extensions: { code: 'INTERNAL_SERVER_ERROR', stack: 'x' },
  };
  const format = createErrorFormatter({ suggestions: true });
  const inField = (thrown: Error) => new GraphQLError(thrown.message, { originalError: thrown, path: ['a'] });

  it('is masked and logged when it is unexpected', () => {
    const thrown = new Error('SELECT * FROM secrets');
    const masked = format(formatted, inField(thrown));
    expect(masked.message).not.toContain('SELECT');
    expect(masked.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR' });
    expect(hiddenCause(inField(thrown))).toBe(thrown);
  });

  it('keeps its message and gets its code when it is an expected failure', () => {
    const outage = ProtonFailure.unavailable('Try again later.', new Error('disk full'));
    expect(format(formatted, inField(outage))).toEqual({
      message: 'Try again later.',
      extensions: { code: 'UNAVAILABLE' },
    });
    const invalid = ProtonFailure.invalid([{ path: ['first'], message: 'must be 1 to 100' }]);
    expect(format(formatted, inField(invalid))).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
  });

  it('is logged when it is retryable, because it has a cause, and otherwise not', () => {
    const outage = ProtonFailure.unavailable('Try again later.', new Error('disk full'));
    const invalid = ProtonFailure.invalid([{ path: ['first'], message: 'must be 1 to 100' }]);
    expect(hiddenCause(inField(outage))).toBe(outage);
    expect(hiddenCause(inField(invalid))).toBeUndefined();
  });
});
