import { Trace } from '@apollo/usage-reporting-protobuf';

import { startApp, type RunningApp } from '../support/app';
import { dataOf, request } from '../support/graphql-client';
import { createConnection, type CreatedConnection } from './created-connections';
import { committedSdl, directivesAt, directivesOfSchema, ownTypes, servedSdl } from './sdl';

/** The tests of Apollo's subgraph compatibility suite that apply to this schema, with this subgraph's types. */

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
  it('returns the types of the committed SDL', () => {
    expect(ownTypes(sdl)).toEqual(ownTypes(committedSdl()));
    expect(ownTypes(sdl).join('\n')).toContain('type Query');
  });

  it('is a non-null object with a field for the SDL, according to introspection', async () => {
    // Version 2 of the specification declares `String!`. The library declares `String`, like version 1, and gateways accept both.
    const { service, query } = await dataOf<
      { readonly service: { readonly kind: string; readonly fields: unknown }; readonly query: RootFields },
      never
    >(
      app.url,
      `{
        service: __type(name: "_Service") { kind fields { name } }
        query: __type(name: "Query") { fields { name type { kind ofType { name } } } }
      }`,
    );
    expect(service).toEqual({ kind: 'OBJECT', fields: [{ name: 'sdl' }] });
    expect(query.fields.find(({ name }) => name === '_service')?.type).toEqual({
      kind: 'NON_NULL',
      ofType: { name: '_Service' },
    });
  });

  it('comes with the types of the federation specification, and with both entities', async () => {
    const { entity, any, purpose } = await dataOf<
      {
        readonly entity: {
          readonly kind: string;
          readonly possibleTypes: readonly { readonly name: string }[];
        };
        readonly any: unknown;
        readonly purpose: unknown;
      },
      never
    >(
      app.url,
      `{
        entity: __type(name: "_Entity") { kind possibleTypes { name } }
        any: __type(name: "_Any") { kind }
        purpose: __type(name: "link__Purpose") { kind }
      }`,
    );
    expect(entity.kind).toBe('UNION');
    expect(entity.possibleTypes.map(({ name }) => name).toSorted()).toEqual([
      'AwsAccount',
      'EnvironmentAccountConnection',
    ]);
    expect(any).toEqual({ kind: 'SCALAR' });
    expect(purpose).toEqual({ kind: 'ENUM' });
  });
});

describe('@link', () => {
  it('links one federation specification, of version 2', () => {
    const links = directivesOfSchema(sdl).filter((directive) =>
      directive.includes('specs.apollo.dev/federation'),
    );
    expect(links).toEqual([
      '@link(import: ["@key", "@shareable", "@tag", "@cost", "@listSize"], url: "https://specs.apollo.dev/federation/v2.9")',
    ]);
  });
});

describe('@key (single)', () => {
  it('is on AwsAccount', () => {
    expect(directivesAt(sdl, 'AwsAccount')).toEqual(['@key(fields: "id")']);
  });

  it('resolves an account by its id', async () => {
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
  it('is on EnvironmentAccountConnection twice: by id and by ARN', () => {
    expect(directivesAt(sdl, 'EnvironmentAccountConnection')).toEqual([
      '@key(fields: "id")',
      '@key(fields: "arn")',
    ]);
  });

  it('resolves a connection by either key', async () => {
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
  it('is on PageInfo, which other subgraphs define, too', () => {
    expect(directivesAt(sdl, 'PageInfo')).toEqual(['@shareable']);
  });
});

describe('@tag', () => {
  it('is on the field that external clients must not see', () => {
    expect(directivesAt(sdl, 'EnvironmentAccountConnectionEvent', 'actor')).toEqual([
      '@tag(name: "internal")',
    ]);
  });
});

describe('federated tracing', () => {
  const FTV1 = { 'apollo-federation-include-trace': 'ftv1' };

  it('is added to a response when the gateway asks for it', async () => {
    const { data, extensions } = await request(app.url, '{ __typename }', undefined, FTV1);
    expect(data).toEqual({ __typename: 'Query' });
    expect(Object.keys(extensions ?? {})).toEqual(['ftv1']);
    expect(traceIn(extensions).endTime).not.toBeNull();
  });

  it('is omitted when the gateway does not ask for it, or asks for another format', async () => {
    expect(await request(app.url, '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    expect(
      await request(app.url, '{ __typename }', undefined, { 'apollo-federation-include-trace': 'ftv2' }),
    ).toEqual({ data: { __typename: 'Query' } });
  });

  it('has a node for every resolved field, with times within those of the request', async () => {
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

  it('has the path of an error, and masks its message', async () => {
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

interface RootFields {
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

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

/** Lists the fields of a trace with their paths. An item of a list is a step of a path, not a field. */
function nodesOf({ root }: Trace): readonly TracedField[] {
  const fields: TracedField[] = [];
  const visit = (node: Trace.INode, parents: readonly string[]) => {
    // A missing name is decoded as an empty string.
    const field = node.responseName === '' ? undefined : (node.responseName ?? undefined);
    const path = node === root ? [] : [...parents, field ?? String(node.index)];
    if (field !== undefined) {
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
