import { randomUUID } from 'node:crypto';

import type { Claim, ClaimedEvent, OutboundStore, TryResult } from '../control-plane/outbound';
import { Alarm } from './alarm';
import { pauseBefore } from './backoff';
import { envelopeIn } from './envelope';
import type { DeliveryReport, DeliverySettings } from './event-delivery';
import type { SendOutcome, Transport } from './transport';

/** How long to wait before looking for work without being woken, in milliseconds: another replica may have queued it, or a command. */
const LOOK_MS = 1_000;
/** How long to wait when other replicas have claimed what was due, in milliseconds. */
const CONTENTION_MS = 20;

/** Failures of this many connections, no refusals, and no success between them, show that the destination takes nothing. */
const FAILED_CONNECTIONS = 5;
/** The longest pause between two tries of such a destination, and until the same event is tried again, in milliseconds. */
const MAX_PROBE_PAUSE_MS = 60_000;

export interface Deliverer {
  /** There may be events to send. */
  readonly wake: () => void;
  /** Claims nothing more, and resolves when what is being sent has ended. @param timeoutMs after this it is aborted */
  readonly stop: (timeoutMs: number) => Promise<void>;
}

export interface DelivererOptions {
  readonly name: string;
  readonly transport: Transport;
  readonly outbound: OutboundStore;
  readonly settings: DeliverySettings;
  readonly report: DeliveryReport;
}

/** Sends the events of one destination, as one of any number of processes. */
export function startDeliverer(options: DelivererOptions): Deliverer {
  const delivery = new Delivery(options);
  const ended = delivery.run();
  return {
    wake: delivery.wake,
    async stop(timeoutMs) {
      const timer = setTimeout(delivery.abort, timeoutMs);
      delivery.stopClaiming();
      await ended;
      clearTimeout(timer);
      options.transport.close();
    },
  };
}

class Delivery {
  /** Events that are being sent. */
  private running = 0;
  private readonly tries = new Set<AbortController>();
  /** What the store does not know yet. */
  private readonly results: TryResult[] = [];
  private suspension:
    { readonly forMs: number; readonly isProbe: boolean; readonly reason: string } | undefined;
  private isGone = false;
  /** Connections whose events have failed since the last success. */
  private readonly failed = new Set<string>();
  private isStopping = false;
  private readonly alarm = new Alarm();

  constructor(private readonly options: DelivererOptions) {}

  readonly wake = this.alarm.wake;

  stopClaiming(): void {
    this.isStopping = true;
    this.wake();
  }

  readonly abort = (): void => {
    for (const controller of this.tries) controller.abort(STOPPED);
  };

  async run(): Promise<void> {
    const { report } = this.options;
    for (;;) {
      let waitMs = LOOK_MS;
      try {
        await this.settle();
        if (this.isStopping && this.running === 0 && this.results.length === 0) return;
        if (!this.isStopping) waitMs = await this.claim();
      } catch (error) {
        report.storeFailed(error);
        if (this.isStopping && this.running === 0) return;
      }
      await this.alarm.sleep(waitMs);
    }
  }

  /** Lets the store know what has happened. What it could not take is kept, and nothing is claimed before it has. */
  private async settle(): Promise<void> {
    const { name, outbound, report } = this.options;
    if (this.isGone) {
      await outbound.pause(name, 'gone');
      this.isGone = false;
    }
    if (this.suspension) {
      const { forMs, isProbe, reason } = this.suspension;
      const isNew = (await outbound.suspend(name, forMs, isProbe)) && !isProbe;
      if (isNew) report.suspended(name, reason);
      this.suspension = undefined;
    }
    // A copy: results of other tries come while these are stored.
    const results = [...this.results];
    if (results.length === 0) return;
    await outbound.settle(name, results);
    this.results.splice(0, results.length);
  }

  /** Sends what is due, up to the limit. @returns how long to wait before the next look, in milliseconds */
  private async claim(): Promise<number> {
    const { name, outbound, settings, transport, report } = this.options;
    // What the store does not know yet counts, too: all of it would be sent twice if this process were killed.
    const limit = settings.inFlight - this.running - this.results.length;
    if (limit <= 0) return LOOK_MS;
    const token = randomUUID();
    const claim = await outbound.claim(name, { token, limit, leaseMs: settings.leaseMs });
    if (claim.kind === 'paused') return LOOK_MS;
    if (claim.kind === 'waiting') return Math.min(LOOK_MS, claim.forMs);
    for (let start = 0; start < claim.events.length; start += transport.batchSize) {
      const events = claim.events.slice(start, start + transport.batchSize);
      this.send(events, token, claim).catch((error: unknown) => {
        report.faulted(name, error);
      });
    }
    const nextInMs = claim.nextInMs === 0 ? Math.random() * CONTENTION_MS : (claim.nextInMs ?? LOOK_MS);
    return Math.min(LOOK_MS, nextInMs);
  }

  private async send(
    events: readonly ClaimedEvent[],
    token: string,
    claim: Extract<Claim, { kind: 'claimed' }>,
  ): Promise<void> {
    const { name, transport, settings, report } = this.options;
    this.running += events.length;
    const controller = new AbortController();
    this.tries.add(controller);
    const timer = setTimeout(() => {
      controller.abort(new Error(`no answer within ${String(settings.timeoutMs)} ms`));
    }, settings.timeoutMs);
    try {
      for (const event of events) if (event.failures > 0 || claim.isProbe) report.retried(name);
      const outcomes = await transport.send(
        events.map(({ message }) => message),
        controller.signal,
      );
      for (const [index, event] of events.entries()) {
        const outcome = outcomes[index] ?? NO_OUTCOME;
        const { connectionId, version } = event;
        let failure: TryResult['failure'];
        if (outcome.kind === 'taken') this.succeeded(claim.isProbe);
        else if (controller.signal.reason === STOPPED) failure = FREE;
        else failure = this.failure(event, outcome, claim);
        this.results.push({ connectionId, version, token, isProbe: claim.isProbe, failure });
      }
    } finally {
      clearTimeout(timer);
      this.tries.delete(controller);
      this.running -= events.length;
      this.wake();
    }
  }

  private succeeded(isProbe: boolean): void {
    const { name, report } = this.options;
    this.failed.clear();
    report.delivered(name);
    if (isProbe) report.recovered(name);
  }

  private failure(
    { connectionId, failures, message }: ClaimedEvent,
    outcome: Exclude<SendOutcome, { kind: 'taken' }>,
    { isProbe, destinationFailures }: Extract<Claim, { kind: 'claimed' }>,
  ): TryResult['failure'] {
    const { name, settings, report } = this.options;
    if (outcome.kind === 'gone') {
      this.isGone = true;
      report.gone(name);
      return FREE;
    }
    if (!outcome.isRefusal) this.failed.add(connectionId);
    const retryAfterMs = Math.min(outcome.retryAfterMs ?? 0, settings.retentionMs);
    const isSuspended = isProbe || outcome.isDown || this.failed.size >= FAILED_CONNECTIONS;
    const pauseAfter = (count: number) => {
      const pause = pauseBefore(count, settings);
      return Math.max(isSuspended ? Math.min(pause, MAX_PROBE_PAUSE_MS) : pause, retryAfterMs);
    };
    const retryInMs = pauseAfter((isSuspended ? destinationFailures : failures) + 1);
    const { id } = envelopeIn(message);
    report.failed(name, {
      connectionId,
      eventId: id,
      reason: outcome.reason,
      tries: (isProbe ? destinationFailures : failures) + 1,
      retryInMs,
    });
    if (!isSuspended) return { retryInMs, counts: true };
    this.failed.clear();
    this.suspension ??= { forMs: retryInMs, isProbe, reason: outcome.reason };
    // The destination waits. An event that it has answered may be the reason, so that others are tried before it.
    return outcome.isDown ? FREE : { retryInMs: pauseAfter(failures + 1), counts: true };
  }
}

/** Why a try is cut. */
const STOPPED = new Error('the server stops');

/** Other processes may send the event at once. */
const FREE = { retryInMs: 0, counts: false };

const NO_OUTCOME: SendOutcome = {
  kind: 'failed',
  reason: 'there was no answer for the event',
  isDown: false,
};
