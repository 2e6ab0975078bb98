import type { PutEventsResultEntry } from '@aws-sdk/client-eventbridge';

import { envelopeIn } from './envelope';
import { failureOf, type SendOutcome, type Transport } from './transport';

export interface EventBridgeOptions {
  /** The name or the ARN of the bus. */
  readonly bus: string;
  /** Not one that begins with `aws.`, which EventBridge refuses. */
  readonly source: string;
  readonly region: string;
}

/** As many as PutEvents takes. */
const MAX_ENTRIES = 10;

/**
 * Puts events on a bus, with the endpoint and the credentials that the AWS SDK finds. Each entry has an outcome of its own.
 * Loads the SDK, which takes time and memory.
 */
export async function eventBridgeTransport({ bus, source, region }: EventBridgeOptions): Promise<Transport> {
  const { EventBridgeClient, PutEventsCommand } = await import('@aws-sdk/client-eventbridge');
  // One try: the queue repeats, with longer pauses.
  const client = new EventBridgeClient({ region, maxAttempts: 1 });

  function entryOf(message: string) {
    const { resources, time, detail, ...envelope } = envelopeIn(message);
    return {
      EventBusName: bus,
      Source: source,
      DetailType: envelope['detail-type'],
      Detail: JSON.stringify(detail),
      Resources: [...resources],
      Time: new Date(time),
    };
  }

  return {
    kind: 'eventbridge',
    batchSize: MAX_ENTRIES,
    async send(messages, signal) {
      try {
        const command = new PutEventsCommand({ Entries: messages.map(entryOf) });
        const { Entries: entries = [] } = await client.send(command, { abortSignal: signal });
        return messages.map((_, index) => outcomeOf(entries[index]));
      } catch (error) {
        return messages.map(() => failureOf(error, signal, true));
      }
    },
    close() {
      client.destroy();
    },
  };
}

/** EventBridge returns the results in the order of the entries: an id for one that it took, an error for another. */
function outcomeOf({
  EventId: id,
  ErrorCode: code,
  ErrorMessage: message,
}: PutEventsResultEntry = {}): SendOutcome {
  if (id !== undefined && code === undefined) return { kind: 'taken' };
  return {
    kind: 'failed',
    reason: `EventBridge did not take the event: ${code ?? 'no result'}${message === undefined ? '' : ` (${message})`}`,
    isDown: false,
  };
}
