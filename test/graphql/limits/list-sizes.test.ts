import fc from 'fast-check';
import { execute, getOperationAST, parse, validate } from 'graphql';

import { amountIn } from '../../../src/graphql/limits/cost-expression';
import { cachedCosts } from '../../../src/graphql/limits/operation-cost';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { createContext } from '../../../src/subgraph/context';
import { buildSubgraph } from '../../../src/subgraph/schema';
import { createControlPlane, type ControlPlane } from '../../support/proton';

const { schema } = buildSubgraph();
const costOf = cachedCosts(schema);

/** A variable's value in a request; without `value` the variable is omitted. */
interface Supplied {
  readonly value?: unknown;
}

const supplied = (...values: readonly unknown[]): fc.Arbitrary<Supplied> =>
  fc.constantFrom<Supplied>({}, ...values.map((value) => ({ value })));

interface Variable {
  readonly name: string;
  readonly type: string;
  /** As GraphQL, such as `= 7`. */
  readonly defaultValue: string;
  readonly supplied: Supplied;
}

interface Request {
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Builds a query with this selection and the variables that it uses. */
function requestOf(selection: string, variables: readonly Variable[]): Request {
  const used = variables.filter(({ name }) => selection.includes(name));
  const definitions = used
    .map(({ name, type, defaultValue }) => `${name}: ${type} ${defaultValue}`)
    .join(' ');
  return {
    document: `query ${definitions && `(${definitions})`} { __typename ${selection} }`,
    variables: Object.fromEntries(
      used.flatMap((one) => ('value' in one.supplied ? [[one.name.slice(1), one.supplied.value]] : [])),
    ),
  };
}

const size: fc.Arbitrary<Variable> = fc.record({
  name: fc.constant('$size'),
  type: fc.constantFrom('Int', 'Int!'),
  defaultValue: fc.constantFrom('', '= null', '= 0', '= 1', '= 7', '= 100', '= 101'),
  supplied: supplied(null, 0, 1, 55, 100, 101, -1, '5', 2.5, 5e9, true, [3], {}),
});

const whether: fc.Arbitrary<Variable> = fc.record({
  name: fc.constant('$whether'),
  type: fc.constantFrom('Boolean', 'Boolean!'),
  defaultValue: fc.constantFrom('', '= true', '= false', '= null'),
  supplied: supplied(null, true, false, 'true', 0),
});

const field = fc
  .tuple(
    fc.constantFrom('', '(first: null)', '(first: 3)', '(first: 0)', '(first: 101)', '(first: $size)'),
    fc.constantFrom(
      '',
      '@skip(if: $whether)',
      '@include(if: $whether)',
      '@skip(if: true)',
      '@include(if: true)',
    ),
  )
  .map(([size, presence]) => `environmentAccountConnections${size} ${presence} { nodes { id } }`);

const account = '{ __typename: "AwsAccount", id: "111111111111" }';
const asValue = { __typename: 'AwsAccount', id: '111111111111' };

const list: fc.Arbitrary<Variable> = fc.record({
  name: fc.constant('$list'),
  type: fc.constantFrom('[_Any!]', '[_Any!]!'),
  defaultValue: fc.constantFrom(
    '',
    '= null',
    '= []',
    `= [${account}]`,
    `= [${account}, ${account}]`,
    `= ${account}`,
  ),
  supplied: supplied(null, [], [asValue, asValue, asValue], asValue, [null], 5),
});

const one: fc.Arbitrary<Variable> = fc.record({
  name: fc.constant('$one'),
  type: fc.constantFrom('_Any', '_Any!'),
  defaultValue: fc.constantFrom('', `= ${account}`, '= null'),
  supplied: supplied(asValue, null),
});

const entities = fc
  .constantFrom(
    '$list',
    '[]',
    `[${account}, ${account}]`,
    account,
    '[$one, $one]',
    `[${account}, $one]`,
    'null',
  )
  .map((representations) => `_entities(representations: ${representations}) { __typename }`);

describe('The cost and the number of representations that the limits compute', () => {
  let plane: ControlPlane;

  beforeAll(() => {
    plane = createControlPlane();
  });

  afterAll(() => plane.store.close());

  /** Returns what the limits compute, and what the resolvers receive. */
  async function measuredAndExecuted({ document, variables }: Request) {
    const parsed = parse(document);
    fc.pre(validate(schema, parsed).length === 0);
    const operation = getOperationAST(parsed);
    if (!operation) throw new Error(`no operation in ${document}`);
    const costed = costOf(parsed, operation);

    const pages: number[] = [];
    const context = createContext(plane.service, unrestrictedViewer('someone'), () => undefined);
    const { connectionPage } = context.loaders;
    const { data } = await execute({
      schema,
      document: parsed,
      variableValues: variables,
      contextValue: {
        session: context.session,
        reportFault: context.reportFault,
        noteFailure: context.noteFailure,
        loaders: Object.create(context.loaders, {
          connectionPage: {
            value: {
              load(request: Parameters<typeof connectionPage.load>[0]) {
                pages.push(request.first ?? 20);
                return connectionPage.load(request);
              },
            },
          },
        }) as typeof context.loaders,
      },
    });
    return {
      cost: amountIn(costed.cost, variables),
      representations: amountIn(costed.representations, variables),
      // Undefined when the variables were invalid, null when an argument was.
      executed: data !== undefined && data !== null,
      pages,
      entities: Array.isArray(data?.['_entities']) ? data['_entities'].length : 0,
    };
  }

  it('match the page size that a resolver receives, however it is written', async () => {
    await fc.assert(
      fc.asyncProperty(size, whether, field, field, async (size, whether, first, second) => {
        const selection = `a: ${first} b: ${second}`;
        const { cost, pages, executed } = await measuredAndExecuted(requestOf(selection, [size, whether]));
        const read = pages.map((length) => 1 + (length >= 1 && length <= 100 ? length : 0));
        const done = read.reduce((sum, one) => sum + one, 0);
        expect(cost).toBeGreaterThanOrEqual(done);
        if (executed) expect(cost).toBe(done);
      }),
      { numRuns: 600 },
    );
  });

  it('match the number of representations that a resolver receives, as literals or variables', async () => {
    await fc.assert(
      fc.asyncProperty(list, one, entities, async (list, one, selection) => {
        const {
          representations,
          entities: done,
          executed,
        } = await measuredAndExecuted(requestOf(selection, [list, one]));
        expect(representations).toBeGreaterThanOrEqual(done);
        if (executed) expect(representations).toBe(done);
      }),
      { numRuns: 400 },
    );
  });
});
