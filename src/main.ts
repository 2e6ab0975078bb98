import { createApp, type App } from './app';
import { ConfigError, readConfig, type Config } from './config';
import { AccessKeyError } from './endpoint/access-keys/access-key-error';
import { ListenError } from './http/listen';
import { StoreOpenError } from './proton/embedded/sqlite/open-database';
import { createLogger } from './telemetry/logger';

void main();

async function main(): Promise<void> {
  let config: Config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    fail(error);
    return;
  }
  const logger = createLogger(config.logLevel, process.stdout.isTTY);
  try {
    const app = await createApp(config, logger);
    const { graphql, protonEndpoint } = await app.start();
    if (protonEndpoint !== undefined)
      logger.info(`the Proton endpoint takes AWS clients at ${protonEndpoint}`);
    logger.info(`proton-subgraph is ready at ${graphql}`);
    stopOnSignals(app, (error) => {
      logger.error({ err: error }, 'proton-subgraph did not stop cleanly');
    });
  } catch (error) {
    fail(error);
  }
}

/** How long whatever is left over may keep the process once the app has stopped. */
const EXIT_GRACE_MS = 1_000;

/** Ctrl-C under npm arrives twice, from the terminal and from npm; a stop that has begun goes on to its end. */
function stopOnSignals(app: App, report: (error: unknown) => void): void {
  const stop = () => {
    app
      .stop()
      .catch((error: unknown) => {
        report(error);
        process.exitCode = 1;
      })
      .finally(() => {
        // By itself the process ends now. What can't be called off, such as a credential provider that hangs, must not keep it.
        setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
      });
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

/** A mistake that its reader can mend is told in words; what nobody foresaw keeps its stack. */
function fail(error: unknown): void {
  process.exitCode = 1;
  console.error(explain(error));
}

function explain(error: unknown): unknown {
  const foreseen =
    error instanceof ConfigError ||
    error instanceof StoreOpenError ||
    error instanceof ListenError ||
    error instanceof AccessKeyError;
  return foreseen ? error.message : error;
}
