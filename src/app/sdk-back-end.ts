import type { SdkProtonConfig } from '../config/proton';
import { instrumentService } from '../proton/instrument-session';
import type { BackEnd, BackEndDependencies } from './back-end';

/** Creates the adapter for a remote Proton endpoint. */
export async function sdkBackEnd(
  { credentials, ...settings }: SdkProtonConfig,
  { telemetry, logger, reportFault }: BackEndDependencies,
): Promise<BackEnd> {
  // Loaded only when it is used, because loading the AWS SDK adds half to the start-up time.
  const [{ createSdkProtonService }, { credentialProviders }] = await Promise.all([
    import('../proton-sdk/sdk-proton-service.ts'),
    import('../proton-sdk/transport/credentials.ts'),
  ]);
  const service = createSdkProtonService({
    ...settings,
    credentialsFor: credentialProviders(credentials),
    around: telemetry.aroundSdk,
    report: ({ kind, error, ...call }) => {
      if (kind === 'unexpected') logger.warn({ ...call, err: error }, 'call to Proton failed');
      else logger.info(call, 'Proton rejected a call');
    },
    reportFault,
    warn: (warning) => {
      logger.warn(warning);
    },
  });
  return {
    proton: instrumentService(service, telemetry.aroundProton),
    awsServer: undefined,
    accessKeysUnder: undefined,
    events: undefined,
    // Readiness does not depend on Proton: if it throttles, restarting or draining the servers would not help.
    checks: {},
    close() {
      service.close();
      return Promise.resolve();
    },
  };
}
