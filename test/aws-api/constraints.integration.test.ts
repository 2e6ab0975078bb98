import fc from 'fast-check';

import { connectionArn } from '../../src/proton/identifiers';
import { accountViewer } from '../../src/proton/viewer';
import { callAs, type WireResponse } from '../support/aws-call';
import { startEndpoint, type RunningEndpoint } from '../support/aws-api';
import { ENVIRONMENT, MANAGEMENT } from '../support/proton';
import { MODEL_OPERATIONS, PLACES, type Place } from '../support/proton-model';

/** Creates strings of any length that match a shape's pattern. */
const TEXT_OF_LENGTH: Readonly<Record<string, (length: number) => string>> = {
  ResourceName: (length) => 'e'.repeat(length),
  ClientToken: (length) => 't'.repeat(length),
  TagKey: (length) => 'k'.repeat(length),
  TagValue: (length) => 'v'.repeat(length),
  Arn: (length) => filled('arn:aws:proton:us-east-1:222222222222:thing/', length),
  RoleArn: (length) => filled('arn:aws:iam::222222222222:role/', length),
};

/** Extends a prefix with short path segments, up to this length. */
function filled(prefix: string, length: number): string {
  const path = 'segment-of-a-path/'.repeat(200).slice(0, Math.max(0, length - prefix.length));
  return `${prefix}${path}`.slice(0, length).replace(/\/$/, 'x');
}

/** Messages of the rules that are stricter than the model. */
const STRICTER: Readonly<Record<string, RegExp>> = {
  RoleArn: /must be a role of/,
  NextToken: /of the same query/,
  // The token of ListTagsForResource. The model has no pattern for it, but it uses the same alphabet.
  String: /must be a token/,
  TagKey: /must consist of|is reserved|must not appear twice/,
  TagValue: /must consist of/,
  TagList: /must have at least one entry/,
  TagKeyList: /must have at least one entry/,
  // Two generated calls may have the same token and different parameters.
  ClientToken: /^Invalid input: clientToken must not have been used before with other parameters\.$/,
};

/** One value of each JSON type except null, which counts as missing. */
const KINDS = { boolean: true, number: 7, string: 'x', list: [], structure: {} } as const;

describe('Every constraint of Proton’s model', () => {
  let endpoint: RunningEndpoint;
  let names = 0;

  beforeAll(async () => {
    endpoint = await startEndpoint({ auth: 'none', quota: 1_000_000 });
  });

  afterAll(() => endpoint.stop());

  /** A valid input with every member, for a new connection. */
  async function validInput(operation: string): Promise<Record<string, unknown>> {
    const fresh = `e${String((names += 1))}`;
    const session = endpoint.service.session(accountViewer(ENVIRONMENT));
    const connection = await session.createConnection({
      managementAccountId: MANAGEMENT,
      environmentName: `${fresh}-before`,
    });
    const values: Record<string, unknown> = {
      id: connection.id,
      resourceArn: connectionArn(connection),
      managementAccountId: MANAGEMENT,
      environmentName: fresh,
      roleArn: 'arn:aws:iam::222222222222:role/proton',
      componentRoleArn: 'arn:aws:iam::222222222222:role/path/proton',
      codebuildRoleArn: 'arn:aws:iam::222222222222:role/proton',
      clientToken: fresh,
      requestedBy: 'ENVIRONMENT_ACCOUNT',
      statuses: ['PENDING'],
      maxResults: 10,
      tags: [{ key: 'team', value: 'payments' }],
      tagKeys: ['team'],
    };
    const members = PLACES.filter((place) => place.operation === operation && place.path.length === 1);
    return Object.fromEntries(
      members.flatMap(({ path: [name = ''] }) => (name in values ? [[name, values[name]]] : [])),
    );
  }

  const caller = (operation: string) => (/^(Accept|Reject)/.test(operation) ? MANAGEMENT : ENVIRONMENT);

  async function state(): Promise<unknown> {
    const session = endpoint.service.session(accountViewer(ENVIRONMENT));
    const [page] = await session.listConnections([{ first: 10 }]);
    const [count] = await session.countConnections([{}]);
    return [count, page instanceof Error ? page : page?.items];
  }

  /** Calls an operation with one place in its input changed. Returns also whether the store changed. */
  async function callWith(
    place: Place,
    change: (input: Record<string, unknown>, name: string) => void,
  ): Promise<{ response: WireResponse; changed: boolean }> {
    const input = await validInput(place.operation);
    const { parent, name } = parentOf(input, place);
    change(parent, name);
    const before = await state();
    const response = await callAs(endpoint.origin, caller(place.operation), place.operation, input);
    const changed = JSON.stringify(before) !== JSON.stringify(await state());
    return { response, changed };
  }

  function parentOf(input: Record<string, unknown>, { path }: Place) {
    let parent = input;
    for (const step of path.slice(0, -1)) {
      parent = parent[step === '*' ? '0' : step] as Record<string, unknown>;
    }
    const last = path.at(-1) ?? '';
    return { parent, name: last === '*' ? '0' : last };
  }

  const called = ({ path }: Place) => path.map((step) => (step === '*' ? '0' : step)).join('.');
  const title = (place: Place) => `${place.operation}: ${called(place)}`;

  async function expectRefused(place: Place, exception: string, value: unknown): Promise<void> {
    const { response, changed } = await callWith(place, (parent, name) => {
      parent[name] = value;
    });
    expect({ value, error: response.error, message: response.message }).toEqual({
      value,
      error: exception,
      message: expect.stringContaining(`${called(place)} must `) as string,
    });
    expect(response.status).toBe(400);
    expect(changed).toBe(false);
  }

  async function expectAccepted(place: Place, value: unknown): Promise<void> {
    const { response } = await callWith(place, (parent, name) => {
      parent[name] = value;
    });
    // A well-formed value may name a connection that does not exist, or one that exists already.
    const isWellFormed = [undefined, 'ResourceNotFoundException', 'ConflictException'].includes(
      response.error,
    );
    const stricter = STRICTER[place.shape]?.test(response.message) ?? false;
    expect({ value, response: response.text, accepted: isWellFormed || stricter }).toMatchObject({
      accepted: true,
    });
  }

  const cases = (filter: (place: Place) => boolean) =>
    PLACES.filter(filter).map((place) => [title(place), place] as const);

  it('is read from the model: ten operations with all members', () => {
    expect(MODEL_OPERATIONS).toHaveLength(10);
    expect(PLACES).toHaveLength(35);
  });

  it.each(MODEL_OPERATIONS)('%s accepts an input with every member', async (operation) => {
    const input = await validInput(operation);
    const response = await callAs(endpoint.origin, caller(operation), operation, input);
    expect(response).toMatchObject({ status: 200, error: undefined });
  });

  it.each(cases(() => true))('%s accepts only its JSON type', async (_title, place) => {
    const ownKind = { integer: 'number', structure: 'structure', list: 'list' }[place.type] ?? 'string';
    for (const [kind, value] of Object.entries(KINDS)) {
      if (kind !== ownKind) await expectRefused(place, 'SerializationException', value);
    }
    if (place.path.at(-1) === '*') await expectRefused(place, 'SerializationException', null);
  });

  it.each(cases(({ required }) => required))('%s is required', async (_title, place) => {
    const { response, changed } = await callWith(place, (parent, name) => {
      Reflect.deleteProperty(parent, name);
    });
    expect(response).toMatchObject({ status: 400, error: 'ValidationException' });
    expect(response.message).toContain(`${called(place)} must be given`);
    expect(changed).toBe(false);
    if (place.path.at(-1) !== '*') await expectRefused(place, 'ValidationException', null);
  });

  it.each(cases(({ required, path }) => !required && path.length === 1))(
    '%s may be absent or null',
    async (_title, place) => {
      const without = await callWith(place, (parent, name) => {
        Reflect.deleteProperty(parent, name);
      });
      const withNull = await callWith(place, (parent, name) => {
        parent[name] = null;
      });
      expect([without.response.error, withNull.response.error]).toEqual([undefined, undefined]);
    },
  );

  it.each(cases(({ length }) => length !== undefined))(
    '%s is accepted within its length bounds only',
    async (_title, place) => {
      const { min, max } = place.length ?? { min: 0, max: 0 };
      const valueOf = (size: number): unknown => {
        if (place.type !== 'list') return TEXT_OF_LENGTH[place.shape]?.(size);
        return Array.from({ length: size }, (_, index) =>
          place.shape === 'TagList' ? { key: `k${String(index)}`, value: '' } : `k${String(index)}`,
        );
      };
      for (const size of [min - 1, max + 1, 10 * max]) {
        if (size >= 0) await expectRefused(place, 'ValidationException', valueOf(size));
      }
      expect(place.pattern?.test(String(valueOf(max))) ?? true).toBe(true);
      for (const size of [min, min + 1, max - 1, max]) {
        // A value that is shorter than the fixed parts of its pattern violates the pattern, not the bound.
        const value = valueOf(size);
        if (typeof value !== 'string' || (place.pattern?.test(value) ?? true))
          await expectAccepted(place, value);
      }
    },
  );

  it.each(cases(({ range }) => range !== undefined))(
    '%s accepts only whole numbers within its range',
    async (_, place) => {
      const { min, max } = place.range ?? { min: 0, max: 0 };
      for (const value of [min - 1, max + 1, -max, min + 0.5, 1e21, -1e21, 2 ** 53, 5e-324]) {
        await expectRefused(place, 'ValidationException', value);
      }
      for (const value of [min, min + 1, max - 1, max]) await expectAccepted(place, value);
      const input = JSON.stringify({ ...(await validInput(place.operation)), maxResults: 0 });
      const infinite = input.replace('"maxResults":0', '"maxResults":1e400');
      const response = await callAs(endpoint.origin, ENVIRONMENT, place.operation, infinite);
      expect(response).toMatchObject({ status: 400, error: 'ValidationException' });
      expect(response.message).toContain('maxResults must');
    },
  );

  it.each(cases(({ values }) => values !== undefined))(
    '%s accepts only the values of its enum',
    async (_title, place) => {
      for (const value of place.values ?? []) {
        await expectAccepted(place, value);
        for (const other of [value.toLowerCase(), ` ${value}`, `${value}\n`, `${value}S`]) {
          await expectRefused(place, 'ValidationException', other);
        }
      }
      for (const other of ['', 'constructor', '__proto__', 'toString']) {
        await expectRefused(place, 'ValidationException', other);
      }
    },
  );

  it.each(cases(({ pattern }) => pattern !== undefined))(
    '%s is refused if and only if it violates its pattern or length',
    async (_title, place) => {
      const { pattern = /^/, length = { min: 0, max: Infinity } } = place;
      const matching = fc.stringMatching(pattern, { maxLength: 80 });
      const candidates = fc.oneof(
        matching,
        // Almost matching: one character added, removed or replaced.
        fc
          .tuple(
            matching,
            fc.nat(),
            fc.nat(1),
            fc.constantFrom('', ' ', '\n', '/', ':', 'A', 'é', '٣', '\0', '-'),
          )
          .map(([text, at, drop, put]) => {
            const index = at % (text.length + 1);
            return text.slice(0, index) + put + text.slice(index + drop);
          }),
        fc.string({ maxLength: 20 }),
      );
      await fc.assert(
        fc.asyncProperty(candidates, async (value) => {
          const fits = pattern.test(value) && value.length >= length.min && value.length <= length.max;
          if (fits) await expectAccepted(place, value);
          else await expectRefused(place, 'ValidationException', value);
        }),
        { numRuns: 20 },
      );
    },
  );

  it.each(MODEL_OPERATIONS)('%s reports every violation in one message', async (operation) => {
    const members = PLACES.filter((place) => place.operation === operation && place.path.length === 1);
    const wrong: Readonly<Record<string, unknown>> = { integer: 0, list: ['', ''] };
    const input = Object.fromEntries(
      members.map(({ path: [name = ''], type, shape }) => [
        name,
        shape === 'TagList' ? [{ key: '', value: '' }] : (wrong[type] ?? 'Ж'.repeat(3000)),
      ]),
    );
    const response = await callAs(endpoint.origin, ENVIRONMENT, operation, input);
    expect(response.error).toBe('ValidationException');
    for (const { path } of members) expect(response.message).toMatch(new RegExp(`[ ;]${path[0] ?? ''}[. ]`));
  });

  it('validates a long ARN in linear time', async () => {
    for (const member of ['roleArn', 'componentRoleArn', 'codebuildRoleArn']) {
      const hostile = `arn:aws:iam::222222222222:role/${'a/'.repeat(1000)}!`;
      const started = process.cpuUsage();
      const response = await callAs(endpoint.origin, ENVIRONMENT, 'CreateEnvironmentAccountConnection', {
        managementAccountId: MANAGEMENT,
        environmentName: 'hostile',
        [member]: hostile,
      });
      expect(response.message).toContain(`${member} must be the ARN`);
      // CPU time, because other processes may use the processor meanwhile.
      expect(process.cpuUsage(started).user).toBeLessThan(500_000);
    }
  });
});
