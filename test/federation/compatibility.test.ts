import { Trace } from '@apollo/usage-reporting-protobuf';

import { startApp, type RunningApp } from '../support/app';
import { dataOf, request } from '../support/graphql-client';
import { createConnection, type CreatedConnection } from './created-connections';
import { committedSdl, directivesAt, directivesOfSchema, servedSdl } from './sdl';

/** The rows of Apollo's subgraph compatibility suite that this schema has a use for, asked of this subgraph's own types. */

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on EnvironmentAccountConnection { id arn environmentName }
    ... on AwsAccount { id environmentAccountConnections { totalCount } }
  }
}`;

let app: RunningApp;
let sdl: string;
let connection: CreatedConnection;

beforeAll(async () => {
  app = await startApp();
  sdl = await servedSdl(app.url);
  connection = await createConnection(app.url, {
    managementAccountId: '111111111111',
    environmentAccountId: '222222222222',
    environmentName: 'payments-prod',
    roleArn: 'arn:aws:iam::222222222222:role/proton',
  });
});

afterAll(() => app.stop());

describe('_service', () => {
  it('answers with the committed SDL, which is free of the machinery that federation adds', () => {
    expect(sdl.trim()).toBe(committedSdl().trim());
    expect(sdl).not.toMatch(/_entities|_service|_Any|_Entity/);
  });

  it('is introspected as an object with a non-null String', async () => {
    const data = await dataOf(
      app.url,
      '{ __type(name: "_Service") { kind fields { name type { kind ofType { name kind } } } } }',
    );
    expect(data).toEqual({
      __type: {
        kind: 'OBJECT',
        fields: [{ name: 'sdl', type: { kind: 'NON_NULL', ofType: { name: 'String', kind: 'SCALAR' } } }],
      },
    });
  });

  it('comes with the types of the federation specification, and with both entities', async () => {
    const data = await dataOf(
      app.url,
      `{
        entity: __type(name: "_Entity") { kind possibleTypes { name } }
        any: __type(name: "_Any") { kind }
        purpose: __type(name: "link__Purpose") { kind enumValues { name } }
        query: __type(name: "Query") { fields { name type { kind } } }
      }`,
    );
    expect(data).toEqual({
      entity: {
        kind: 'UNION',
        possibleTypes: expect.arrayContaining([
          { name: 'EnvironmentAccountConnection' },
          { name: 'AwsAccount' },
        ]),
      },
      any: { kind: 'SCALAR' },
      purpose: {
        kind: 'ENUM',
        enumValues: expect.arrayContaining([{ name: 'SECURITY' }, { name: 'EXECUTION' }]),
      },
      query: {
        fields: expect.arrayContaining([
          { name: '_entities', type: { kind: 'NON_NULL' } },
          { name: '_service', type: { kind: 'NON_NULL' } },
        ]),
      },
    });
  });
});

describe('@link', () => {
  it('takes from one federation specification, of version 2, by its own names', () => {
    const links = directivesOfSchema(sdl).filter((directive) =>
      directive.includes('specs.apollo.dev/federation'),
    );
    expect(links).toEqual([
      '@link(import: ["@key", "@shareable", "@tag", "@cost", "@listSize"], url: "https://specs.apollo.dev/federation/v2.9")',
    ]);
    expect(sdl).not.toContain('@federation__');
  });
});

describe('@key (single)', () => {
  it('is on the account', () => {
    expect(directivesAt(sdl, 'AwsAccount')).toEqual(['@key(fields: "id")']);
  });

  it('resolves an account by it', async () => {
    const data = await dataOf(app.url, ENTITIES, {
      representations: [{ __typename: 'AwsAccount', id: '222222222222' }],
    });
    expect(data).toEqual({
      _entities: [
        { __typename: 'AwsAccount', id: '222222222222', environmentAccountConnections: { totalCount: 1 } },
      ],
    });
  });
});

describe('@key (repeated)', () => {
  it('is on the connection twice: by id and by ARN', () => {
    expect(directivesAt(sdl, 'EnvironmentAccountConnection')).toEqual([
      '@key(fields: "id")',
      '@key(fields: "arn")',
    ]);
  });

  it('resolves a connection by either', async () => {
    const { id, arn } = connection;
    const data = await dataOf(app.url, ENTITIES, {
      representations: [
        { __typename: 'EnvironmentAccountConnection', id },
        { __typename: 'EnvironmentAccountConnection', arn },
      ],
    });
    const resolved = {
      __typename: 'EnvironmentAccountConnection',
      id,
      arn,
      environmentName: 'payments-prod',
    };
    expect(data).toEqual({ _entities: [resolved, resolved] });
  });
});

describe('@shareable', () => {
  it('is on PageInfo, which other subgraphs have as well', () => {
    expect(directivesAt(sdl, 'PageInfo')).toEqual(['@shareable']);
  });
});

describe('@tag', () => {
  it('is on what an outside audience is not to see', () => {
    expect(directivesAt(sdl, 'EnvironmentAccountConnectionEvent', 'actor')).toEqual([
      '@tag(name: "internal")',
    ]);
  });
});

describe('federated tracing', () => {
  const FTV1 = { 'apollo-federation-include-trace': 'ftv1' };

  it('is added to a response when the gateway asks for it', async () => {
    expect(await request(app.url, '{ __typename }', undefined, FTV1)).toEqual({
      data: { __typename: 'Query' },
      extensions: { ftv1: expect.any(String) },
    });
  });

  it('is left out when nobody asks, or asks for another format', async () => {
    expect(await request(app.url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    expect(
      await request(app.url, '{ __typename }', undefined, { 'apollo-federation-include-trace': 'ftv2' }),
    ).toEqual({ data: { __typename: 'Query' } });
  });

  it('has a node for every field that was resolved, each within the time of the whole', async () => {
    const { data, extensions } = await request(
      app.url,
      '{ environmentAccountConnections { nodes { environmentName managementAccount { id } } } }',
      undefined,
      FTV1,
    );
    expect(data).toEqual({
      environmentAccountConnections: {
        nodes: [{ environmentName: 'payments-prod', managementAccount: { id: '111111111111' } }],
      },
    });
    const trace = traceIn(extensions);
    expect(trace.durationNs).toBeGreaterThan(0);
    const nodes = nodesOf(trace);
    expect(nodes.map(({ path, type }) => [path, type])).toEqual([
      ['environmentAccountConnections', 'EnvironmentAccountConnectionConnection'],
      ['environmentAccountConnections.nodes', '[EnvironmentAccountConnection!]!'],
      ['environmentAccountConnections.nodes.0.environmentName', 'String!'],
      ['environmentAccountConnections.nodes.0.managementAccount', 'AwsAccount!'],
      ['environmentAccountConnections.nodes.0.managementAccount.id', 'ID!'],
    ]);
    for (const { path, startTime, endTime } of nodes) {
      expect({ path, ordered: startTime <= endTime && endTime <= trace.durationNs }).toEqual({
        path,
        ordered: true,
      });
    }
  });

  it('says where an error was, and not what it said', async () => {
    const { errors, extensions } = await request(
      app.url,
      '{ environmentAccountConnections(first: 0) { totalCount } }',
      undefined,
      FTV1,
    );
    expect(errors).toHaveLength(1);
    const [node] = nodesOf(traceIn(extensions));
    expect(node?.path).toBe('environmentAccountConnections');
    expect(node?.errors).toEqual(['<masked>']);
  });
});

interface TracedField {
  readonly path: string;
  readonly type: string;
  readonly startTime: number;
  readonly endTime: number;
  readonly errors: readonly string[];
}

function traceIn(extensions: Readonly<Record<string, unknown>> | undefined): Trace {
  const ftv1 = extensions?.['ftv1'];
  if (typeof ftv1 !== 'string') throw new Error(`no trace in ${JSON.stringify(extensions)}`);
  return Trace.decode(Buffer.from(ftv1, 'base64'));
}

/** The fields of a trace in the order of their paths' parts; an item of a list is a step of the path and no field. */
function nodesOf({ root }: Trace): readonly TracedField[] {
  const fields: TracedField[] = [];
  const visit = (node: Trace.INode, parents: readonly string[]) => {
    const step = node.responseName ? node.responseName : String(node.index);
    const path = node === root ? [] : [...parents, step];
    if (node.responseName) {
      fields.push({
        path: path.join('.'),
        type: node.type ?? '',
        startTime: Number(node.startTime),
        endTime: Number(node.endTime),
        errors: (node.error ?? []).map(({ message }) => message ?? ''),
      });
    }
    for (const child of node.child ?? []) visit(child, path);
  };
  if (root) visit(root, []);
  return fields;
}
