import { constants } from 'node:os';

import type { Logger } from 'pino';

import { createApp, type App } from './app/create-app';
import { ConfigError, readConfig, type Config } from './config/config';
import { AccessKeyError } from './control-plane/access-keys/access-keys';
import { ListenError } from './http/lifecycle/listen';
import { StoreOpenError } from './control-plane/sqlite/file/open-database';
import { createLogger } from './telemetry/logger';
import { readTracing, TracingError, type TracingSettings } from './config/tracing';

void main();

async function main(): Promise<void> {
  let config: Config;
  let tracing: TracingSettings | undefined;
  try {
    config = readConfig(process.env);
    tracing = readTracing(process.env);
  } catch (error) {
    fail(error);
    return;
  }
  const logger = createLogger(config.logLevel, process.stdout.isTTY);
  let app: App | undefined;
  endOnSignals(config, logger, () => app);
  try {
    app = await createApp(config, logger, tracing);
    const { graphql, protonEndpoint, admin } = await app.start();
    if (protonEndpoint !== undefined)
      logger.info(`the Proton endpoint takes AWS clients at ${protonEndpoint}`);
    if (admin !== undefined) logger.info(`health and metrics are at ${admin}`);
    logger.info(`proton-subgraph is ready at ${graphql}`);
  } catch (error) {
    fail(error);
  }
}

/** How long whatever is left over may keep the process once the app has stopped. */
const EXIT_GRACE_MS = 1_000;

/**
 * Has the process end when it is told to, or when something failed that nobody foresaw: in order, so that no write is cut.
 *
 * Ctrl-C under npm arrives twice, from the terminal and from npm, so that a signal that follows the first closely is the same. One
 * that comes later is from somebody who will not wait.
 */
function endOnSignals({ timing }: Config, logger: Logger, app: () => App | undefined): void {
  const { graceMs, signalRepeatMs } = timing.shutdown;
  let toldAt: number | undefined;

  function onSignal(signal: 'SIGINT' | 'SIGTERM'): void {
    if (toldAt === undefined) {
      toldAt = performance.now();
      logger.info(`proton-subgraph stops, for it was sent ${signal}`);
      void end(app()?.stop(), logger);
    } else if (performance.now() - toldAt > signalRepeatMs) {
      logger.warn(`proton-subgraph ends at once, for it was sent ${signal} again`);
      // As a shell puts it when a signal ended a process.
      process.exit(128 + constants.signals[signal]);
    }
  }
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);

  let failed = false;
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'proton-subgraph ends, for something failed that nobody foresaw');
    process.exitCode = 1;
    if (failed) process.exit();
    failed = true;
    // What is left of it can't be relied on, not even to stop.
    setTimeout(() => process.exit(), graceMs + EXIT_GRACE_MS);
    void end(app()?.stop({ delayed: false }), logger);
  });
}

/** @param stopped resolves with how many requests were cut; undefined where there is nothing to stop yet */
async function end(stopped: Promise<number> | undefined, logger: Logger): Promise<void> {
  try {
    const cut = (await stopped) ?? 0;
    if (cut > 0) {
      process.exitCode = 1;
      logger.error(
        `proton-subgraph has stopped; requests that were cut because they took too long: ${String(cut)}`,
      );
    } else logger.info('proton-subgraph has stopped');
  } catch (error) {
    process.exitCode = 1;
    logger.error({ err: error }, 'proton-subgraph did not stop cleanly');
  }
  if (!stopped) process.exit();
  // By itself the process ends now. What can't be called off, such as a credential provider that hangs, must not keep it.
  setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
}

/** A mistake that its reader can mend is told in words; what nobody foresaw keeps its stack. */
function fail(error: unknown): void {
  process.exitCode = 1;
  console.error(explain(error));
}

function explain(error: unknown): unknown {
  const foreseen =
    error instanceof ConfigError ||
    error instanceof TracingError ||
    error instanceof StoreOpenError ||
    error instanceof ListenError ||
    error instanceof AccessKeyError;
  return foreseen ? error.message : error;
}
