import type { Region } from '../proton/identifiers';
import {
  DEFAULT_EVENTS_LEASE_MS,
  DEFAULT_EVENTS_RETRY_MAX_MS,
  DEFAULT_EVENTS_RETRY_MIN_MS,
  DEFAULT_EVENTS_TIMEOUT_MS,
  type Environment,
  type Variables,
} from './environment';
import { DEFAULT_REGION } from './proton';
import { secretMistakes, webhooksIn, type WebhookConfig } from './webhooks';

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
