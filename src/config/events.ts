import { z } from 'zod';

import type { Region } from '../proton/identifiers';
import { milliseconds, quoted, wholeNumber } from './env-types';
import type { Environment, Variables } from './environment';
import { DEFAULT_REGION } from './proton';
import { parseWebhookUrls, secretMistakes, type WebhookConfig, webhooksIn } from './webhooks';

/** A day: the longest lease and pause between two tries. */
const MAX_RETRY_MS = 86_400_000;
/** 7 days and 90 days. */
const DEFAULT_RETENTION_MS = 604_800_000;
const MAX_RETENTION_MS = 7_776_000_000;
/** As AWS's model of PutEvents has it. */
const EVENT_BUS =
  /^(?=.{1,1600}$)(arn:aws[\w-]*:events:[a-z]{2}(-[a-z]+)+-\d+:\d{12}:event-bus\/)?[/.\-\w]+$/;

const DEFAULT_EVENTS_TIMEOUT_MS = 15_000;
const DEFAULT_EVENTS_RETRY_MIN_MS = 5_000;
const DEFAULT_EVENTS_RETRY_MAX_MS = 3_600_000;
const DEFAULT_EVENTS_LEASE_MS = 30_000;

export const EVENTS = {
  EVENTS_WEBHOOK_URL: z
    .string()
    .superRefine((value, context) => {
      const parsed = parseWebhookUrls(value);
      if ('mistake' in parsed) context.addIssue({ code: 'custom', message: parsed.mistake });
    })
    .optional()
    .describe(
      'Where each status change is posted: a URL, whose destination is named `default`, or pairs as in `billing=https://…,audit=https://…`. https, or http on loopback.',
    ),
  EVENTS_WEBHOOK_SECRET: z
    .string()
    .optional()
    .describe(
      'Signs the webhooks: `whsec_` and 24 to 64 bytes in base64. Two, comma-separated, while one is replaced. `EVENTS_WEBHOOK_SECRET_NAME` is that of one destination, with its name in upper case and `_` for `-`.',
    ),
  EVENTS_EVENTBRIDGE_BUS: z
    .string()
    .regex(EVENT_BUS, {
      error: ({ input }) => `must be the name or the ARN of an event bus, not ${quoted(input)}`,
    })
    .optional()
    .describe(
      'Name or ARN of an EventBridge bus to which each status change is sent, with the credentials that the AWS SDK finds. A name is looked up in `AWS_REGION`.',
    ),
  EVENTS_EVENTBRIDGE_SOURCE: z
    .string()
    .max(256, { error: 'must have at most 256 characters' })
    .refine((value) => !/^aws\./i.test(value), {
      error: ({ input }) =>
        `must not begin with aws., which EventBridge keeps for AWS services, and is ${quoted(input)}`,
    })
    .default('proton-subgraph')
    .describe('The `source` of the events on the bus. EventBridge refuses those that begin with `aws.`.'),
  EVENTS_TIMEOUT_MS: milliseconds(1)
    .default(DEFAULT_EVENTS_TIMEOUT_MS)
    .describe('How long one try may take.'),
  EVENTS_RETRY_MIN_MS: milliseconds(1, MAX_RETRY_MS)
    .default(DEFAULT_EVENTS_RETRY_MIN_MS)
    .describe('Shortest pause before an event is sent again. The pauses double, with a random part.'),
  EVENTS_RETRY_MAX_MS: milliseconds(1, MAX_RETRY_MS)
    .default(DEFAULT_EVENTS_RETRY_MAX_MS)
    .describe('Longest pause, unless the receiver asks for a longer one with `Retry-After`.'),
  EVENTS_LEASE_MS: milliseconds(2, MAX_RETRY_MS)
    .default(DEFAULT_EVENTS_LEASE_MS)
    .describe(
      'How long an event belongs to the replica that sends it. Another one sends it after that, so this must be longer than `EVENTS_TIMEOUT_MS`.',
    ),
  EVENTS_IN_FLIGHT: wholeNumber(1, 1_000)
    .default(8)
    .describe('Events that one replica sends to one destination at a time.'),
  EVENTS_RETENTION_MS: milliseconds(1, MAX_RETENTION_MS)
    .default(DEFAULT_RETENTION_MS)
    .describe(
      'How long the change feed keeps changes, and a destination the events that it has not taken. Older ones are dropped, counted and logged.',
    ),
};

/** Where status changes are sent, and how. */
export interface EventsConfig {
  readonly webhooks: readonly WebhookConfig[];
  readonly eventBridge: EventBridgeConfig | undefined;
  /** How long a try may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The pause before an event is sent again, in milliseconds: the first one, and the longest. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** How long a replica has an event for itself, in milliseconds. */
  readonly leaseMs: number;
  /** Events that this replica sends to one destination at a time. */
  readonly inFlight: number;
  /** How long changes are kept, in the feed and for each destination, in milliseconds. */
  readonly retentionMs: number;
}

export interface EventBridgeConfig {
  /** The name or the ARN of the bus. */
  readonly bus: string;
  readonly source: string;
  readonly region: Region;
}

/** Variables that name destinations, or belong to one. */
const DESTINATION_VARIABLES = [
  'EVENTS_WEBHOOK_URL',
  'EVENTS_EVENTBRIDGE_BUS',
  'EVENTS_EVENTBRIDGE_SOURCE',
  'EVENTS_RETENTION_MS',
] as const satisfies readonly (keyof Variables)[];

/** @param environment the unparsed variables, for those whose names contain that of a destination */
export function eventsConfig(variables: Variables, environment: Environment): EventsConfig {
  const { EVENTS_EVENTBRIDGE_BUS: bus } = variables;
  return {
    webhooks: webhooksIn(environment),
    eventBridge:
      bus === undefined
        ? undefined
        : { bus, source: variables.EVENTS_EVENTBRIDGE_SOURCE, region: regionOf(bus, variables.AWS_REGION) },
    timeoutMs: variables.EVENTS_TIMEOUT_MS,
    retryMinMs: variables.EVENTS_RETRY_MIN_MS,
    retryMaxMs: variables.EVENTS_RETRY_MAX_MS,
    leaseMs: variables.EVENTS_LEASE_MS,
    inFlight: variables.EVENTS_IN_FLIGHT,
    retentionMs: variables.EVENTS_RETENTION_MS,
  };
}

/** A bus takes events in its own Region only. */
function regionOf(bus: string, region: Region = DEFAULT_REGION): Region {
  return (/^arn:[^:]+:events:([^:]+):/.exec(bus)?.[1] as Region | undefined) ?? region;
}

/** Conflicts between the variables of events. */
export function eventsMistakes(environment: Environment): readonly string[] {
  if (environment['PROTON_UPSTREAM'] !== undefined) {
    const secrets = Object.keys(environment).filter((name) => name.startsWith('EVENTS_WEBHOOK_SECRET'));
    return [...DESTINATION_VARIABLES, ...secrets]
      .filter((name) => environment[name] !== undefined)
      .map((name) => `${name} is for the control plane in this process; with PROTON_UPSTREAM there is none.`);
  }
  const mistakes = [...secretMistakes(environment)];
  const {
    EVENTS_EVENTBRIDGE_BUS: bus,
    EVENTS_EVENTBRIDGE_SOURCE: source,
    EVENTS_TIMEOUT_MS: timeout = DEFAULT_EVENTS_TIMEOUT_MS,
    EVENTS_LEASE_MS: lease = DEFAULT_EVENTS_LEASE_MS,
    EVENTS_RETRY_MIN_MS: retryMin = DEFAULT_EVENTS_RETRY_MIN_MS,
    EVENTS_RETRY_MAX_MS: retryMax = DEFAULT_EVENTS_RETRY_MAX_MS,
  } = environment;
  if (source !== undefined && bus === undefined) {
    mistakes.push('EVENTS_EVENTBRIDGE_SOURCE is for EVENTS_EVENTBRIDGE_BUS, which is not set.');
  }
  if (Number(lease) <= Number(timeout)) {
    mistakes.push(
      `EVENTS_LEASE_MS is ${String(lease)} and must be longer than EVENTS_TIMEOUT_MS, which is ${String(timeout)}: when the lease ends during a try, another replica sends the event too.`,
    );
  }
  if (Number(retryMax) < Number(retryMin)) {
    mistakes.push(
      `EVENTS_RETRY_MAX_MS is ${String(retryMax)} and must not be shorter than EVENTS_RETRY_MIN_MS, which is ${String(retryMin)}.`,
    );
  }
  return mistakes;
}
