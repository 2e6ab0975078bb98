import { startApp, type RunningApp } from '../support/app';
import { APOLLO, COMPOSERS, COMPOSERS_WITH_COSTS, publicSdlWithout } from './composers';
import { accountsSdl, committedSdl, directivesAt, directivesOfSchema, servedSdl } from './sdl';

const HEADER =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])';

let app: RunningApp;
let sdls: Readonly<Record<'committed' | 'served', string>>;

beforeAll(async () => {
  app = await startApp();
  sdls = { committed: committedSdl(), served: await servedSdl(app.url) };
});

afterAll(() => app.stop());

const withAccounts = (sdl: string) => [
  { name: 'proton', sdl },
  { name: 'accounts', sdl: accountsSdl() },
];

describe.each(COMPOSERS)('$name', ({ compose }) => {
  it.each(['committed', 'served'] as const)(
    'composes the %s SDL with another subgraph, without an error or a warning',
    (source) => {
      const { supergraphSdl, ...problems } = compose(withAccounts(sdls[source]));
      expect(problems).toEqual({ errors: [], warnings: [] });
      expect(supergraphSdl).toContain('type EnvironmentAccountConnection');
      expect(supergraphSdl).toContain('ownerTeam');
    },
  );

  it('composes the subgraph alone', () => {
    const { errors, warnings } = compose([{ name: 'proton', sdl: sdls.served }]);
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
  });

  it('lets another subgraph extend a connection by its id, and another by its ARN', () => {
    const byId = `${HEADER}
      type Query { costs: [EnvironmentAccountConnection!]! }
      type EnvironmentAccountConnection @key(fields: "id") { id: ID! monthlyCost: Float }`;
    const byArn = `${HEADER}
      type Query { audits: [EnvironmentAccountConnection!]! }
      type EnvironmentAccountConnection @key(fields: "arn") { arn: ID! lastAudit: String }`;
    const { errors, warnings } = compose([
      ...withAccounts(sdls.served),
      { name: 'costs', sdl: byId },
      { name: 'audits', sdl: byArn },
    ]);
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
  });

  it('lets another subgraph define PageInfo, too', () => {
    const { errors, warnings } = compose([
      ...withAccounts(sdls.served),
      { name: 'pages', sdl: pages('@shareable') },
    ]);
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
  });

  it('reports a subgraph whose PageInfo is not shareable', () => {
    const { errors } = compose([...withAccounts(sdls.served), { name: 'pages', sdl: pages('') }]);
    expect(errors.join('\n')).toContain('PageInfo');
  });

  it('reports a subgraph that contradicts this one', () => {
    const contradiction = `${HEADER}
      type Query { broken: AwsAccount }
      type AwsAccount @key(fields: "id") { id: ID! environmentAccountConnections: Int }`;
    const { errors, supergraphSdl } = compose([
      ...withAccounts(sdls.served),
      { name: 'broken', sdl: contradiction },
    ]);
    expect(errors.join('\n')).toContain('environmentAccountConnections');
    expect(supergraphSdl).toBe('');
  });

  it("keeps the tag on an event's actor, for contract variants", () => {
    const { supergraphSdl } = compose(withAccounts(sdls.served));
    expect(directivesAt(supergraphSdl, 'EnvironmentAccountConnectionEvent', 'actor')).toContain(
      '@tag(name: "internal")',
    );
  });
});

describe.each(COMPOSERS_WITH_COSTS)('$name', ({ compose }) => {
  it('keeps the costs of writes and the sizes of lists', () => {
    const { supergraphSdl } = compose(withAccounts(sdls.served));
    for (const mutation of [
      'createEnvironmentAccountConnection',
      'updateEnvironmentAccountConnection',
      'acceptEnvironmentAccountConnection',
      'rejectEnvironmentAccountConnection',
      'deleteEnvironmentAccountConnection',
      'tagEnvironmentAccountConnection',
      'untagEnvironmentAccountConnection',
    ]) {
      expect([mutation, directivesAt(supergraphSdl, 'Mutation', mutation).join()]).toEqual([
        mutation,
        expect.stringContaining('@cost(weight: 10)'),
      ]);
    }
    for (const [type, field] of [
      ['Query', 'environmentAccountConnections'],
      ['AwsAccount', 'environmentAccountConnections'],
      ['EnvironmentAccountConnection', 'history'],
    ] as const) {
      expect([type, field, directivesAt(supergraphSdl, type, field).join()]).toEqual([
        type,
        field,
        expect.stringContaining(
          '@listSize(requireOneSlicingArgument: false, sizedFields: ["edges", "nodes"], slicingArguments: ["first"])',
        ),
      ]);
    }
  });
});

it('a contract variant that excludes `internal` lacks the actor of an event, and only that', () => {
  const everything = publicSdlWithout('nothing-carries-this', withAccounts(sdls.served));
  const contract = publicSdlWithout('internal', withAccounts(sdls.served));
  expect(everything).toMatch(/^ {2}actor: String!$/m);
  expect(contract).not.toMatch(/^ {2}actor\b/m);
  expect(contract).toContain('type EnvironmentAccountConnectionEvent {');
});

it('both SDLs name the contact of the subgraph', () => {
  for (const sdl of Object.values(sdls)) {
    expect(directivesOfSchema(sdl)).toContainEqual(
      expect.stringMatching(/^@contact\(.*name: "Platform Engineering"/),
    );
  }
});

it('the composer reports a hint for a different description, so its hints are visible', () => {
  const described = accountsSdl().replace('type AwsAccount', '"Something else entirely."\ntype AwsAccount');
  const warnings = APOLLO.compose([
    { name: 'proton', sdl: sdls.served },
    { name: 'accounts', sdl: described },
  ]).warnings;
  expect(warnings).toEqual([expect.stringContaining('INCONSISTENT_DESCRIPTION')]);
});

function pages(directive: string): string {
  return `${HEADER}
    type Query { pages: PageInfo }
    type PageInfo ${directive} { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }`;
}
