import { InvalidArgumentError, type Command } from 'commander';

import type { Backlog, Destination } from '../control-plane/outbound';
import type { Store } from '../control-plane/store';
import { replay } from '../events/replay';
import { CommandError, ExitCode, STORE_HELP, type CommandContext } from './command';
import { parseTimestamp, TIMESTAMP_RULE } from './import/timestamp';
import { withStore } from './open-store';
import { table } from './terminal';

export function addEvents(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  const events = program
    .command('events')
    .description('list, pause, resume and replay the events that servers send to other systems')
    .addHelpText(
      'after',
      `
A server registers the destinations of EVENTS_WEBHOOK_URL and EVENTS_EVENTBRIDGE_BUS when it starts.
Running servers see what these commands change within a second.

Examples:
  proton-subgraph events list
  proton-subgraph events pause billing
  proton-subgraph events replay billing --since 2026-11-23T09:30:00Z
${STORE_HELP}`,
    );
  events
    .command('list')
    .description('list all destinations, and what waits for them')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Example:
  proton-subgraph events list --json | jq '.destinations[] | select(.waiting > 0)'`,
    )
    .action(async (options: { readonly json?: boolean }) => {
      end(await listDestinations(options, context));
    });
  events
    .command('replay')
    .description('send again, with the same webhook-id, what has occurred since a time')
    .argument('<name>', 'as "events list" shows it')
    .requiredOption('--since <instant>', 'a time with an offset, as in 2026-11-23T09:30:00Z', instantOption)
    .addHelpText(
      'after',
      `
Goes back as far as the change feed does: EVENTS_RETENTION_MS on PostgreSQL, everything on SQLite.
The events of each connection are sent in order.

Example:
  proton-subgraph events replay billing --since 2026-11-23T09:30:00Z`,
    )
    .action(async (name: string, options: { readonly since: number }) => {
      end(await replayEvents(name, options, context));
    });
  events
    .command('pause')
    .description('send nothing to a destination until it is resumed; its events gather')
    .argument('<name>', 'as "events list" shows it')
    .action(async (name: string) => {
      end(await pauseDestination(name, context));
    });
  events
    .command('resume')
    .description('send again, at once, also what waits for another try')
    .argument('<name>', 'as "events list" shows it')
    .action(async (name: string) => {
      end(await resumeDestination(name, context));
    });
}

/** @throws InvalidArgumentError */
function instantOption(value: string): number {
  const at = parseTimestamp(/^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value);
  if (at === undefined) throw new InvalidArgumentError(`It ${TIMESTAMP_RULE}.`);
  return at;
}

/** `events list` */
async function listDestinations(
  { json }: { readonly json?: boolean },
  { env, stdout, stderr }: CommandContext,
): Promise<ExitCode> {
  const { destinations, backlogs } = await withStore(env, 'fail', async ({ outbound }) => ({
    destinations: await outbound.list(),
    backlogs: await outbound.backlogs(),
  }));
  const backlogOf = ({ name }: Destination) => backlogs.get(name) ?? { events: 0, ageMs: 0 };
  if (json) {
    const described = destinations.map((destination) => descriptionOf(destination, backlogOf(destination)));
    stdout.write(`${JSON.stringify({ destinations: described }, null, 2)}\n`);
    return ExitCode.DONE;
  }
  if (destinations.length === 0) {
    stderr.write('There are no destinations. A server registers those that are configured when it starts.\n');
    return ExitCode.DONE;
  }
  stdout.write(
    table(
      [
        { title: 'NAME' },
        { title: 'TRANSPORT' },
        { title: 'WAITING', align: 'right' },
        { title: 'OLDEST', align: 'right' },
        { title: 'DROPPED', align: 'right' },
        { title: 'LAST DELIVERED' },
        { title: 'STATUS' },
      ],
      destinations.map((destination) => {
        const { events, ageMs } = backlogOf(destination);
        return [
          destination.name,
          destination.transport,
          String(events),
          events === 0 ? '' : durationOf(ageMs),
          String(destination.dropped),
          destination.deliveredAt === null ? '' : timeOf(destination.deliveredAt),
          statusOf(destination),
        ];
      }),
    ),
  );
  return ExitCode.DONE;
}

function descriptionOf(destination: Destination, { events, ageMs }: Backlog) {
  const { name, transport, paused, failures, deliveredAt, dropped } = destination;
  return {
    name,
    transport,
    waiting: events,
    oldestWaitsMs: ageMs,
    dropped,
    failures,
    deliveredAt: deliveredAt === null ? null : timeOf(deliveredAt),
    paused: paused ? { reason: paused.reason, since: timeOf(paused.at) } : null,
  };
}

function statusOf({ paused, failures }: Destination): string {
  if (paused) {
    return `paused ${timeOf(paused.at)}${paused.reason === 'gone' ? ' after 410 Gone' : ''}`;
  }
  return failures === 0 ? 'active' : `takes nothing, tries: ${String(failures)}`;
}

/** `events replay` */
function replayEvents(
  name: string,
  { since }: { readonly since: number },
  { env, stdout, stderr }: CommandContext,
): Promise<ExitCode> {
  return withStore(env, 'fail', async (store) => {
    const destination = await destinationNamed(name, store);
    const { events, unreadable, firstAt } = await replay(store, destination, since);
    stdout.write(
      firstAt === undefined
        ? `Nothing has occurred since ${timeOf(since)} that was queued for ${name}, or the change feed does not keep it any more.\n`
        : `${name} gets ${String(events)} ${events === 1 ? 'event' : 'events'} again, the first of ${timeOf(firstAt)}.${
            destination.paused ? ' It is paused.' : ''
          }\n`,
    );
    if (unreadable === 0) return ExitCode.DONE;
    stderr.write(
      `${String(unreadable)} ${unreadable === 1 ? 'event is' : 'events are'} left out: what the database keeps of the connection at that time can't be read.\n`,
    );
    return ExitCode.FAILED;
  });
}

/** `events pause` */
function pauseDestination(name: string, { env, stdout }: CommandContext): Promise<ExitCode> {
  return withStore(env, 'fail', async (store) => {
    const { paused } = await destinationNamed(name, store);
    await store.outbound.pause(name, 'operator');
    stdout.write(
      paused
        ? `${name} was paused already, since ${timeOf(paused.at)}.\n`
        : `Paused ${name}. Its events gather until \`proton-subgraph events resume ${name}\`.\n`,
    );
    return ExitCode.DONE;
  });
}

/** `events resume` */
function resumeDestination(name: string, { env, stdout }: CommandContext): Promise<ExitCode> {
  return withStore(env, 'fail', async (store) => {
    const { paused } = await destinationNamed(name, store);
    await store.outbound.resume(name);
    stdout.write(
      paused ? `Resumed ${name}.\n` : `${name} was not paused. What waits for another try is due now.\n`,
    );
    return ExitCode.DONE;
  });
}

/** @throws CommandError that lists the names */
async function destinationNamed(name: string, { outbound }: Pick<Store, 'outbound'>): Promise<Destination> {
  const destinations = await outbound.list();
  const found = destinations.find((destination) => destination.name === name);
  if (found) return found;
  const names = destinations.map((destination) => destination.name);
  throw new CommandError(
    names.length === 0
      ? `There is no destination ${name}, and no other one. A server registers those that are configured when it starts.`
      : `There is no destination ${name}. There ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ')}.`,
  );
}

function timeOf(time: number): string {
  return new Date(time).toISOString();
}

const UNITS = [
  { ms: 86_400_000, unit: 'd' },
  { ms: 3_600_000, unit: 'h' },
  { ms: 60_000, unit: 'min' },
] as const;

/** In the largest unit that fits, as in `3 h`. */
function durationOf(ms: number): string {
  const fitting = UNITS.find((unit) => ms >= unit.ms);
  return fitting
    ? `${String(Math.floor(ms / fitting.ms))} ${fitting.unit}`
    : `${String(Math.floor(ms / 1000))} s`;
}
