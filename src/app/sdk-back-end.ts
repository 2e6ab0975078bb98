import type { SdkProtonConfig } from '../config/proton';
import { instrumentService } from '../proton/instrument-session';
import type { BackEnd, Surroundings } from './back-end';

/** The back end for a remote Proton endpoint. */
export async function sdkBackEnd(
  { credentials, ...settings }: SdkProtonConfig,
  { telemetry, logger }: Surroundings,
): Promise<BackEnd> {
  // Loaded only when it is used, because AWS's SDK takes half as long to load as everything else.
  const [{ createSdkProtonService }, { credentialProviders }] = await Promise.all([
    import('../proton-sdk/sdk-proton-service.js'),
    import('../proton-sdk/transport/credentials.js'),
  ]);
  const service = createSdkProtonService({
    ...settings,
    credentialsFor: credentialProviders(credentials),
    around: telemetry.aroundSdk,
    report: ({ kind, error, ...call }) => {
      if (kind === 'unexpected') logger.warn({ ...call, err: error }, 'call to Proton failed');
      else logger.info(call, 'Proton rejected a call');
    },
    warn: (warning) => {
      logger.warn(warning);
    },
  });
  return {
    proton: instrumentService(service, telemetry.aroundProton),
    endpoint: undefined,
    accessKeysUnder: undefined,
    // Readiness does not depend on Proton: if it throttles, restarting or draining the servers would not help.
    checks: {},
    close() {
      service.close();
      return Promise.resolve();
    },
  };
}
