import { constants } from 'node:os';

import type { Logger } from 'pino';

import { ConfigError, readConfig, type Config } from '../config/config';
import { readTracing, TracingError } from '../config/tracing';
import { AccessKeyError } from '../control-plane/access-keys/access-keys';
import { StoreOpenError } from '../control-plane/store-errors';
import { ListenError } from '../http/lifecycle/listen';
import { createLogger } from '../telemetry/logger';
import { createApp, type App, type AppUrls } from './create-app';
import { limitHeapGrowth } from './limit-heap-growth';

/**
 * The server process: starts the server, prints what keeps it from starting, stops it on signals, and sets the exit code.
 * @returns where it listens; undefined when it could not start
 */
export async function serve(): Promise<AppUrls | undefined> {
  limitHeapGrowth();
  const config = attempt(() => readConfig(process.env));
  // Also after a mistake, so that all mistakes are reported at once.
  const tracing = attempt(() => readTracing(process.env));
  if (!config || process.exitCode !== undefined) return undefined;
  const logger = createLogger(config.logLevel, process.stdout.isTTY && (await import('pino-pretty')).default);
  let app: App | undefined;
  endOnSignals(config, logger, () => app);
  try {
    app = await createApp(config, logger, tracing);
    const urls = await app.start();
    const { graphql, protonEndpoint, admin, console: consoleUrl } = urls;
    if (protonEndpoint !== undefined) logger.info(`listening for AWS clients at ${protonEndpoint}`);
    if (admin !== undefined) logger.info(`health and metrics are at ${admin}`);
    logger.info(`proton-subgraph is ready at ${graphql}`);
    if (consoleUrl !== undefined) logger.info(`the console is at ${consoleUrl}`);
    else if (wantsConsole(config)) logger.warn(NOT_BUILT);
    return urls;
  } catch (error) {
    fail(error);
    return undefined;
  }
}

/** Whether the console is to be served somewhere. */
function wantsConsole({ console: config }: Config): boolean {
  return config !== undefined && (config.onGraphqlPort || config.listener !== undefined);
}

const NOT_BUILT =
  'the console is not served: it has not been built. `npm run build` builds it; CONSOLE=off turns it off';

/** How long open handles may keep the process alive after the app has stopped. */
const EXIT_GRACE_MS = 1_000;

/**
 * Stops the app on SIGINT, SIGTERM and uncaught exceptions, so that running writes finish.
 *
 * Ctrl-C under npm sends SIGINT twice, from the terminal and from npm: a second signal shortly after the first is ignored. A later one
 * exits at once.
 */
function endOnSignals({ timing }: Config, logger: Logger, app: () => App | undefined): void {
  const { graceMs, signalRepeatMs } = timing.shutdown;
  let receivedAt: number | undefined;

  function onSignal(signal: 'SIGINT' | 'SIGTERM'): void {
    if (receivedAt === undefined) {
      receivedAt = performance.now();
      logger.info(`received ${signal}, shutting down`);
      void end(app()?.stop(), logger);
    } else if (performance.now() - receivedAt > signalRepeatMs) {
      logger.warn(`received ${signal} again, exiting at once`);
      // The exit code that a shell reports for a process that a signal ended.
      process.exit(128 + constants.signals[signal]);
    }
  }
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);

  let failed = false;
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught exception, shutting down');
    process.exitCode = 1;
    if (failed) process.exit();
    failed = true;
    // After an uncaught exception even the stop may hang.
    setTimeout(() => process.exit(), graceMs + EXIT_GRACE_MS);
    void end(app()?.stop({ delayed: false }), logger);
  });
}

/** @param stopped resolves with how many requests were cut; undefined when the app does not exist yet */
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
  // The process ends by itself now, unless something that can't be cancelled keeps it, such as a credential provider that hangs.
  setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
}

/** Prints the error of a failure, and sets the exit code. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    fail(error);
    return undefined;
  }
}

/** Prints only the message of an error that the operator can fix, and the stack of any other. */
function fail(error: unknown): void {
  process.exitCode = 1;
  console.error(explain(error));
}

function explain(error: unknown): unknown {
  const expected =
    error instanceof ConfigError ||
    error instanceof TracingError ||
    error instanceof StoreOpenError ||
    error instanceof ListenError ||
    error instanceof AccessKeyError;
  return expected ? error.message : error;
}
