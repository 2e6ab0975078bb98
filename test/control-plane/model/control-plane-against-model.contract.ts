import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';

import {
  ROLE_MEMBERS,
  type Connection,
  type ConnectionStatus,
  type Tag,
} from '../../../src/proton/connection';
import type { ConnectionListRequest } from '../../../src/proton/page';
import { ProtonFailure } from '../../../src/proton/failure';
import type { ProtonSession } from '../../../src/proton/proton-service';
import { accountViewer } from '../../../src/proton/viewer';
import { account, type ControlPlane, ENVIRONMENT, MANAGEMENT, STRANGER } from '../../support/proton';
import { ConnectionModel, type ModelConnection, type ModelOutcome, type ModelView } from './connection-model';

const QUOTA = 4;
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const NO_NUMBER = -1;

const accounts = fc.constantFrom(MANAGEMENT, ENVIRONMENT, STRANGER);
const names = fc.constantFrom('payments-prod', 'search');
const regions = fc.constantFrom('us-east-1', 'eu-central-1');
const roles = fc
  .dictionary(fc.constantFrom(...ROLE_MEMBERS), fc.tuple(accounts, fc.constantFrom('one', 'two')), {
    maxKeys: 2,
  })
  .map((given) =>
    Object.fromEntries(
      Object.entries(given).map(([member, [id, name]]) => [member, `arn:aws:iam::${id}:role/${name}`]),
    ),
  );
const tags = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.constantFrom('1', '2') }), {
  maxLength: 3,
});
const number = fc.nat({ max: 7 });

const write = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      actor: accounts,
      // Most calls are made by the right account with its own roles: the others fail at the first check.
      foreign: fc.option(accounts, { freq: 8 }),
      managementAccountId: accounts,
      environmentName: names,
      region: regions,
      roleNames: fc.dictionary(fc.constantFrom(...ROLE_MEMBERS), fc.constantFrom('one', 'two'), {
        maxKeys: 2,
      }),
      tags: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
      clientToken: fc.constantFrom('', 'x', 'y'),
    }),
  },
  fc.record({ kind: fc.constantFrom('accept' as const, 'reject' as const), actor: accounts, number }),
  fc.record({ kind: fc.constant('delete' as const), actor: accounts, number }),
  fc.record({ kind: fc.constant('update' as const), actor: accounts, number, roles }),
  fc.record({ kind: fc.constant('tag' as const), actor: accounts, number, tags }),
  fc.record({
    kind: fc.constant('untag' as const),
    actor: accounts,
    number,
    keys: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
  }),
);
type WriteCall = typeof write extends fc.Arbitrary<infer Call> ? Call : never;

const optional = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { freq: 3 });
const look = fc.oneof(
  fc.record({ kind: fc.constant('find' as const), actor: accounts, number }),
  fc.record({ kind: fc.constant('history' as const), actor: accounts, number }),
  fc.record({
    kind: fc.constant('list' as const),
    actor: accounts,
    size: fc.integer({ min: 1, max: 4 }),
    participant: optional(accounts),
    role: optional(fc.constantFrom('MANAGEMENT_ACCOUNT' as const, 'ENVIRONMENT_ACCOUNT' as const)),
    managementAccountId: optional(accounts),
    environmentAccountId: optional(accounts),
    environmentName: optional(names),
    region: optional(regions),
    statuses: optional(fc.uniqueArray(fc.constantFrom<ConnectionStatus>('PENDING', 'CONNECTED', 'REJECTED'))),
  }),
);
type LookCall = typeof look extends fc.Arbitrary<infer Call> ? Call : never;

/** A step: writes that are sent together and may share a commit, a read, or a passage of time. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(write, { minLength: 1, maxLength: 4 })
      .map((writes) => ({ kind: 'writes' as const, writes })),
  },
  { weight: 3, arbitrary: look },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      milliseconds: fc.constantFrom(1, 1000, 5 * 60 * 60 * 1000),
    }),
  },
);

export interface ModelledService extends Pick<ControlPlane, 'service' | 'clock'> {
  readonly end: () => Promise<void>;
}

/**
 * Compares a control plane with the model.
 * @param sequences how many random sequences; each has a few dozen calls from three accounts
 * @param start returns a control plane without connections
 */
export function describeAgainstModel(
  name: string,
  sequences: number,
  start: (options: { readonly quota: number }) => Promise<ModelledService>,
): void {
  describe(`The control plane, ${name}`, () => {
    it('behaves like a small model in random sequences of calls from three accounts', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async (steps) => {
          const { service, clock, end } = await start({ quota: QUOTA });
          const model = new ConnectionModel(QUOTA);
          const ids = new Map<number, string>();
          const sessionOf = (id: string) => service.session(accountViewer(account(id)));
          try {
            for (const step of steps) {
              clock.advance(1);
              if (step.kind === 'wait') {
                clock.advance(step.milliseconds);
              } else if (step.kind === 'writes') {
                // Writes that are sent together don't know the ids that the others create.
                const known = model.created;
                const expected = step.writes.map((call) => {
                  const before = model.created;
                  const outcome = modelWrite(model, clock.now(), call, known);
                  return { outcome, isNew: model.created > before };
                });
                const answers = await Promise.all(
                  step.writes.map((call) => realWrite(sessionOf(call.actor), ids, call)),
                );
                expected.forEach(({ outcome, isNew }, index) => {
                  const answer = answers[index];
                  if (!answer) throw new Error('a write went unanswered');
                  if (isNew && 'ok' in answer && answer.ok && 'ok' in outcome && outcome.ok) {
                    ids.set(outcome.ok.number, answer.ok.id);
                  }
                  expectSame(observed(answer, ids), outcome);
                });
              } else {
                await compareLook(sessionOf(step.actor), ids, model, step);
              }
            }
          } finally {
            await end();
          }
        }),
        { numRuns: sequences },
      );
    }, 600_000);
  });
}

/** `toEqual` takes a quarter of the test's time, so it runs only when the two differ. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}

type Answer =
  { readonly ok: Connection | null } | { readonly code: string; readonly paths: readonly string[] };

function createInput(call: Extract<WriteCall, { kind: 'create' }>) {
  const environmentAccountId = call.foreign ?? call.actor;
  const roles = Object.fromEntries(
    Object.entries(call.roleNames).map(([member, name]) => [
      member,
      `arn:aws:iam::${environmentAccountId}:role/${name}`,
    ]),
  );
  const tags: Tag[] = call.tags.map((key) => ({ key, value: '1' }));
  const { managementAccountId, environmentName, region, clientToken } = call;
  return { managementAccountId, environmentAccountId, environmentName, region, roles, tags, clientToken };
}

function modelWrite(model: ConnectionModel, now: number, call: WriteCall, known: number): ModelOutcome {
  if (call.kind === 'create') return model.create(call.actor, now, createInput(call));
  const number = call.number < known ? call.number : NO_NUMBER;
  switch (call.kind) {
    case 'accept':
    case 'reject':
      return model[call.kind](call.actor, now, number);
    case 'delete':
      return model.delete(call.actor, number);
    case 'update':
      return model.update(call.actor, now, number, call.roles);
    case 'tag':
      return model.tag(call.actor, number, call.tags);
    case 'untag':
      return model.untag(call.actor, number, call.keys);
  }
}

async function realWrite(
  session: ProtonSession<Connection>,
  ids: ReadonlyMap<number, string>,
  call: WriteCall,
): Promise<Answer> {
  try {
    return { ok: (await sent(session, ids, call)) ?? null };
  } catch (failure) {
    if (!(failure instanceof ProtonFailure)) throw failure;
    return { code: failure.code, paths: failure.violations.map(({ path }) => path.join('.')).sort() };
  }
}

function sent(
  session: ProtonSession<Connection>,
  ids: ReadonlyMap<number, string>,
  call: WriteCall,
): Promise<Connection | undefined> {
  if (call.kind === 'create') {
    const { roles, ...input } = createInput(call);
    return session.createConnection({ ...input, ...roles });
  }
  const id = ids.get(call.number) ?? UNKNOWN_ID;
  switch (call.kind) {
    case 'accept':
      return session.acceptConnection({ id });
    case 'reject':
      return session.rejectConnection({ id });
    case 'delete':
      return session.deleteConnection({ id });
    case 'update':
      return session.updateConnection({ id, ...call.roles });
    case 'tag':
      return session.tagConnection({ id, tags: call.tags });
    case 'untag':
      return session.untagConnection({ id, tagKeys: call.keys });
  }
}

function observed(answer: Answer, ids: ReadonlyMap<number, string>): ModelOutcome {
  if ('code' in answer) return answer;
  return { ok: answer.ok && viewOf(answer.ok, ids) };
}

function viewOf(connection: Connection, ids: ReadonlyMap<number, string>): ModelView {
  const [number = -1] = [...ids].find(([, id]) => id === connection.id) ?? [];
  return {
    number,
    status: connection.status,
    lastModifiedAt: connection.lastModifiedAt,
    roles: Object.fromEntries(
      ROLE_MEMBERS.flatMap((member) => (connection[member] === null ? [] : [[member, connection[member]]])),
    ),
    tags: Object.fromEntries(connection.tags.map(({ key, value }) => [key, value])),
  };
}

async function compareLook(
  session: ProtonSession<Connection>,
  ids: ReadonlyMap<number, string>,
  model: ConnectionModel,
  call: LookCall,
): Promise<void> {
  if (call.kind === 'list') {
    await compareList(session, ids, model, call);
    return;
  }
  const [found] = await session.findConnections([{ id: ids.get(call.number) ?? UNKNOWN_ID }]);
  if (found instanceof Error) throw found;
  expectSame(found ? viewOf(found, ids) : null, model.find(call.actor, call.number));
  if (call.kind === 'history' && found) {
    const [page] = await session.listHistory([{ connection: found, first: 100 }]);
    if (!page || page instanceof Error) throw page ?? new Error('no history');
    const events = page.items.map(
      ({ type, actor, previousStatus, status }) =>
        `${type} by ${actor}: ${previousStatus ?? 'none'} to ${status ?? 'none'}`,
    );
    expectSame(events, model.events(call.number));
  }
}

/** Reads a whole list page by page and compares it with the model's: the same rows, in order, each once, and the count. */
async function compareList(
  session: ProtonSession<Connection>,
  ids: ReadonlyMap<number, string>,
  model: ConnectionModel,
  call: Extract<LookCall, { kind: 'list' }>,
): Promise<void> {
  const { managementAccountId, environmentAccountId, environmentName, region, statuses } = call;
  const filter = { managementAccountId, environmentAccountId, environmentName, region, statuses };
  const participation =
    call.participant === null ? undefined : { accountId: account(call.participant), role: call.role };
  const expected = model.list(call.actor, (connection) => matches(call, connection));

  const listed: Connection[] = [];
  let request: ConnectionListRequest | undefined = { participation, filter, first: call.size };
  while (request) {
    const [page] = await session.listConnections([request]);
    if (!page || page instanceof Error) throw page ?? new Error('no page');
    listed.push(...page.items);
    request = page.hasNextPage ? { ...request, after: page.cursorAt(page.items.length - 1) } : undefined;
  }
  expectSame(
    listed.map(({ requestedAt }) => requestedAt),
    expected.map(({ requestedAt }) => requestedAt),
  );
  expectSame(
    listed.map((connection) => viewOf(connection, ids).number).sort(),
    expected.map(({ number }) => number).sort(),
  );
  expectSame(await session.countConnections([{ participation, filter }]), [expected.length]);
}

function matches(call: Extract<LookCall, { kind: 'list' }>, connection: ModelConnection): boolean {
  const plays =
    call.participant === null ||
    (call.role !== 'ENVIRONMENT_ACCOUNT' && connection.managementAccountId === call.participant) ||
    (call.role !== 'MANAGEMENT_ACCOUNT' && connection.environmentAccountId === call.participant);
  return (
    plays &&
    (call.managementAccountId === null || connection.managementAccountId === call.managementAccountId) &&
    (call.environmentAccountId === null || connection.environmentAccountId === call.environmentAccountId) &&
    (call.environmentName === null || connection.environmentName === call.environmentName) &&
    (call.region === null || connection.region === call.region) &&
    (call.statuses === null || call.statuses.length === 0 || call.statuses.includes(connection.status))
  );
}
