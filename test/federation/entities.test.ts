import { startApp, type RunningApp } from '../support/app';
import { request, type GraphqlResponse } from '../support/graphql-client';
import { createConnections, type CreatedConnection } from './created-connections';

/** `_entities` as gateways query it: by either key, with valid and invalid representations, in lists of any length. */

interface Resolved {
  readonly _entities: readonly ({ readonly id: string } | null)[];
}

const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

let app: RunningApp;
let one: CreatedConnection;
let other: CreatedConnection;

beforeAll(async () => {
  app = await startApp();
  const created = await createConnections(
    app.url,
    ['one', 'other'].map((environmentName) => ({
      managementAccountId: '111111111111',
      environmentAccountId: '222222222222',
      environmentName,
      roleArn: 'arn:aws:iam::222222222222:role/proton',
    })),
  );
  const [first, second] = created;
  if (!first || !second) throw new Error('expected two created connections');
  one = first;
  other = second;
});

afterAll(() => app.stop());

function entities(representations: readonly unknown[]): Promise<GraphqlResponse<Resolved>> {
  return request<Resolved>(
    app.url,
    `query ($representations: [_Any!]!) {
      _entities(representations: $representations) {
        ... on EnvironmentAccountConnection { id }
        ... on AwsAccount { id }
      }
    }`,
    { representations },
  );
}

const connection = (key: object) => ({ __typename: 'EnvironmentAccountConnection', ...key });
const account = (id: unknown) => ({ __typename: 'AwsAccount', id });

describe('A representation of a connection', () => {
  it('is resolved by id, by ARN and by both', async () => {
    const { id, arn } = one;
    expect(await entities([connection({ id }), connection({ arn }), connection({ id, arn })])).toEqual({
      data: { _entities: [{ id }, { id }, { id }] },
    });
  });

  it.each([
    ['an unknown id', () => ({ id: UNKNOWN_ID })],
    ['an unknown ARN', () => ({ arn: one.arn.replace(one.id, UNKNOWN_ID) })],
    ['the ARN of another Region', () => ({ arn: one.arn.replace('us-east-1', 'eu-central-1') })],
    ['the ARN of another account', () => ({ arn: one.arn.replace('222222222222', '333333333333') })],
    ['the ARN of another partition', () => ({ arn: one.arn.replace('arn:aws:', 'arn:aws-cn:') })],
    ['keys that contradict each other', () => ({ id: one.id, arn: other.arn })],
    ['an id in capital letters', () => ({ id: one.id.toUpperCase() })],
    ['an id that is not a UUID', () => ({ id: "' OR 1=1 --" })],
    ['an empty id', () => ({ id: '' })],
    ['an id that is a number', () => ({ id: 42 })],
    ['an id that is a list', () => ({ id: [one.id] })],
    ['an id that is null', () => ({ id: null })],
    ['an ARN in place of the id', () => ({ id: one.arn })],
    ['an id in place of the ARN', () => ({ arn: one.id })],
    ['no key', () => ({})],
    ['only fields that are not keys', () => ({ environmentName: 'one' })],
  ])('with %s is null, and the others are resolved', async (_case, key) => {
    expect(
      await entities([connection({ id: one.id }), connection(key()), connection({ id: other.id })]),
    ).toEqual({
      data: { _entities: [{ id: one.id }, null, { id: other.id }] },
    });
  });

  it('is resolved at every position at which it appears', async () => {
    const representations = [
      { id: other.id },
      { arn: one.arn },
      { id: one.id },
      { id: other.id },
      { arn: other.arn },
    ];
    expect(await entities(representations.map(connection))).toEqual({
      data: {
        _entities: [{ id: other.id }, { id: one.id }, { id: one.id }, { id: other.id }, { id: other.id }],
      },
    });
  });
});

describe('A representation of an account', () => {
  it('is resolved for any 12 digits, with or without connections', async () => {
    const ids = ['111111111111', '222222222222', '999999999999', '000000000000'];
    expect(await entities(ids.map(account))).toEqual({ data: { _entities: ids.map((id) => ({ id })) } });
  });

  it.each([
    ['11 digits', '11111111111'],
    ['13 digits', '1111111111111'],
    ['letters', 'abcdefghijkl'],
    ['digits of another script', '١١١١١١١١١١١١'],
    ['a line break at the end', '111111111111\n'],
    ['a number', 111111111111],
    ['null', null],
    ['missing', undefined],
  ])('whose id is %s is null, and the others are resolved', async (_case, id) => {
    expect(await entities([account('111111111111'), account(id), account('222222222222')])).toEqual({
      data: { _entities: [{ id: '111111111111' }, null, { id: '222222222222' }] },
    });
  });

  it('resolves the connections of the account in each role', async () => {
    const { data, errors } = await request(
      app.url,
      `query ($representations: [_Any!]!) {
        _entities(representations: $representations) {
          ... on AwsAccount {
            managed: environmentAccountConnections(role: MANAGEMENT_ACCOUNT) { totalCount }
            provided: environmentAccountConnections(role: ENVIRONMENT_ACCOUNT) { totalCount }
          }
        }
      }`,
      { representations: ['111111111111', '222222222222', '333333333333'].map(account) },
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      _entities: [
        { managed: { totalCount: 2 }, provided: { totalCount: 0 } },
        { managed: { totalCount: 0 }, provided: { totalCount: 2 } },
        { managed: { totalCount: 0 }, provided: { totalCount: 0 } },
      ],
    });
  });
});

describe('A list of representations', () => {
  it('may be empty', async () => {
    expect(await entities([])).toEqual({ data: { _entities: [] } });
  });

  it('may mix types, keys, valid and invalid entries, and keeps its order', async () => {
    expect(
      await entities([
        account('222222222222'),
        connection({ arn: one.arn }),
        connection({ id: UNKNOWN_ID }),
        account('nonsense'),
        connection({ id: other.id }),
      ]),
    ).toEqual({
      data: { _entities: [{ id: '222222222222' }, { id: one.id }, null, null, { id: other.id }] },
    });
  });

  it('may have a thousand entries', async () => {
    const representations = Array.from({ length: 1_000 }, (_, index) => {
      if (index % 4 === 0) return { sent: connection({ id: one.id }), resolved: { id: one.id } };
      if (index % 4 === 1) return { sent: connection({ arn: other.arn }), resolved: { id: other.id } };
      if (index % 4 === 2)
        return {
          sent: account(String(index).padStart(12, '0')),
          resolved: { id: String(index).padStart(12, '0') },
        };
      return {
        sent: connection({ id: UNKNOWN_ID.slice(0, -4) + String(index).padStart(4, '0') }),
        resolved: null,
      };
    });
    const { data, errors } = await entities(representations.map(({ sent }) => sent));
    expect(errors).toBeUndefined();
    expect(data?._entities).toEqual(representations.map(({ resolved }) => resolved));
  });

  it.each([
    ['a type that this subgraph does not have', { __typename: 'Unknown', id: '1' }],
    ['a type that is not an entity', { __typename: 'PageInfo' }],
    ['no type', { id: '1' }],
  ])('is one error when an entry has %s', async (_case, representation) => {
    const { errors } = await entities([account('111111111111'), representation]);
    expect(errors?.map(({ path }) => path?.[0])).toEqual(['_entities']);
  });
});
