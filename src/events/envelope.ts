import type { StatusChange } from '../control-plane/change-feed';
import type { OutboundEvent } from '../control-plane/outbound';
import { connectionArn } from '../proton/identifiers';

/**
 * A status change in the form that AWS Proton sent to EventBridge, so that existing rules and handlers match. AWS's guide leaves two
 * members open: `account` is the environment account, which owns the connection, and `previousStatus` is absent on creation.
 */
export interface Envelope {
  readonly version: '0';
  /** The event's id, the same in every delivery. */
  readonly id: string;
  readonly 'detail-type': typeof DETAIL_TYPE;
  readonly source: typeof SOURCE;
  readonly account: string;
  /** ISO 8601, to the second. */
  readonly time: string;
  readonly region: string;
  /** The connection's ARN. */
  readonly resources: readonly [string];
  readonly detail: {
    /** The connection's id. */
    readonly id: string;
    /** A connection's status, or `DELETED`. */
    readonly status: string;
    readonly previousStatus?: string;
  };
}

const SOURCE = 'aws.proton';
const DETAIL_TYPE = 'AWS Proton Environment Account Connection Status Change';
const DELETED = 'DELETED';

export function envelopeOf({ event, connection }: StatusChange): Envelope {
  return {
    version: '0',
    id: event.id,
    'detail-type': DETAIL_TYPE,
    source: SOURCE,
    account: connection.environmentAccountId,
    time: new Date(event.occurredAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    region: connection.region,
    resources: [connectionArn(connection)],
    detail: {
      id: connection.id,
      status: event.status ?? DELETED,
      ...(event.previousStatus !== null && { previousStatus: event.previousStatus }),
    },
  };
}

/** A status change as it waits for a destination: the message is its envelope, in JSON. */
export function outboundEventOf(change: StatusChange): OutboundEvent {
  return {
    connectionId: change.connection.id,
    version: change.version,
    message: JSON.stringify(envelopeOf(change)),
  };
}

export function envelopeIn(message: string): Envelope {
  return JSON.parse(message) as Envelope;
}
