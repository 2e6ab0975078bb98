import { execute, parse, type GraphQLSchema } from 'graphql';

import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';
import { buildSubgraph } from '../../src/subgraph/schema';
import { createControlPlane, ENVIRONMENT, MANAGEMENT, type ControlPlane } from '../support/proton';

/**
 * Counts the queries of an operation. A gateway's join takes one query, whatever the number of rows. The store keeps rows that were read,
 * so each test reads rows of its own.
 */

const VIEWER = unrestrictedViewer('test');
const CONNECTIONS = 1_000;

let schema: GraphQLSchema;
let controlPlane: ControlPlane;
let arns: readonly string[];
let ids: readonly string[];
let statements: string[] = [];

beforeAll(async () => {
  schema = buildSubgraph().schema;
  controlPlane = createControlPlane({
    quota: CONNECTIONS,
    trace: (statement) => {
      statements.push(statement);
    },
  });
  const session = controlPlane.service.session(VIEWER);
  ids = (
    await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, index) =>
        session.createConnection({
          managementAccountId: MANAGEMENT,
          environmentAccountId: ENVIRONMENT,
          environmentName: `environment-${String(index)}`,
          roleArn: `arn:aws:iam::${ENVIRONMENT}:role/proton`,
        }),
      ),
    )
  ).map(({ id }) => id);
  arns = ids.map((id) => `arn:aws:proton:us-east-1:${ENVIRONMENT}:environment-account-connection/${id}`);
});

afterAll(async () => {
  await controlPlane.service.drained();
  await controlPlane.store.close();
});

beforeEach(() => {
  statements = [];
});

/** Executes a document as one request, and returns its data. */
async function dataOfRequest(
  document: string,
  variableValues: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const { data, errors } = await execute({
    schema,
    document: parse(document),
    variableValues,
    contextValue: createContext(controlPlane.service, VIEWER, (fault) => {
      throw fault;
    }),
  });
  expect(errors).toBeUndefined();
  return data;
}

function readsOfConnections(): readonly string[] {
  return statements.filter((statement) => /\bselect\b.*\bfrom\s+"?connections"?/is.test(statement));
}

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    ... on EnvironmentAccountConnection { id arn managementAccount { id } environmentAccount { id } }
    ... on AwsAccount { id }
  }
}`;

const connection = (key: object) => ({ __typename: 'EnvironmentAccountConnection', ...key });

it('Hundreds of representations, by id and by ARN, take one query, and as many statements as two', async () => {
  async function statementsFor(first: number, end: number): Promise<number> {
    statements = [];
    const wanted = ids.slice(first, end);
    const data = await dataOfRequest(ENTITIES, {
      representations: wanted.map((id, index) =>
        connection(index % 2 === 0 ? { id } : { arn: arns[first + index] }),
      ),
    });
    expect(data).toEqual({
      _entities: wanted.map((id, index) => ({
        id,
        arn: arns[first + index],
        managementAccount: { id: MANAGEMENT },
        environmentAccount: { id: ENVIRONMENT },
      })),
    });
    expect(readsOfConnections()).toHaveLength(1);
    return statements.length;
  }
  const two = await statementsFor(100, 102);
  expect(await statementsFor(200, 800)).toBe(two);
});

it('Repeated and unknown representations take one query together with the others', async () => {
  const unknown = '00000000-0000-4000-8000-000000000000';
  const [id] = ids;
  const [arn] = arns;
  const data = await dataOfRequest(ENTITIES, {
    representations: [{ id }, { arn }, { id: unknown }, { id }, { id, arn }].map(connection),
  });
  const resolved = {
    id,
    arn,
    managementAccount: { id: MANAGEMENT },
    environmentAccount: { id: ENVIRONMENT },
  };
  expect(data).toEqual({ _entities: [resolved, resolved, null, resolved, resolved] });
  expect(readsOfConnections()).toHaveLength(1);
});

it('Accounts, and ids and ARNs that no connection can have, take no query', async () => {
  const data = await dataOfRequest(ENTITIES, {
    representations: [
      { __typename: 'AwsAccount', id: MANAGEMENT },
      { __typename: 'AwsAccount', id: 'nonsense' },
      connection({ id: 'nothing' }),
      connection({ arn: 'nothing' }),
      connection({}),
    ],
  });
  expect(data).toEqual({ _entities: [{ id: MANAGEMENT }, null, null, null, null] });
  expect(statements).toEqual([]);
});

it('Several fields of a document that select a connection take one query', async () => {
  const [first, second, third] = ids.slice(10);
  const data = await dataOfRequest(
    `query ($id: ID!, $arn: ID!, $representations: [_Any!]!) {
      byId: environmentAccountConnection(id: $id) { id }
      byArn: environmentAccountConnectionByArn(arn: $arn) { id }
      _entities(representations: $representations) { ... on EnvironmentAccountConnection { id } }
    }`,
    { id: first, arn: arns[11], representations: [connection({ id: third })] },
  );
  expect(data).toEqual({ byId: { id: first }, byArn: { id: second }, _entities: [{ id: third }] });
  expect(readsOfConnections()).toHaveLength(1);
});

it('A page with both accounts of each connection takes one query', async () => {
  await dataOfRequest(
    '{ environmentAccountConnections(first: 100) { nodes { managementAccount { id } environmentAccount { id } } } }',
  );
  expect(readsOfConnections()).toHaveLength(1);
});

it('A request sees what was written after the one before it', async () => {
  const [id = ''] = ids.slice(20);
  const ROLE = '{ _entities(representations: $r) { ... on EnvironmentAccountConnection { roleArn } } }';
  const read = () => dataOfRequest(`query ($r: [_Any!]!) ${ROLE}`, { r: [connection({ id })] });
  const role = (name: string) => `arn:aws:iam::${ENVIRONMENT}:role/${name}`;
  expect(await read()).toEqual({ _entities: [{ roleArn: role('proton') }] });
  await controlPlane.service.session(VIEWER).updateConnection({ id, roleArn: role('other') });
  expect(await read()).toEqual({ _entities: [{ roleArn: role('other') }] });
});
