import type { SdkProtonConfig } from '../config/proton';
import { instrumentService } from '../proton/instrument-session';
import type { BackEnd, Surroundings } from './back-end';

/** A Proton endpoint elsewhere. */
export async function sdkBackEnd(
  { credentials, ...settings }: SdkProtonConfig,
  { telemetry, logger }: Surroundings,
): Promise<BackEnd> {
  // Loaded here, for AWS's SDK takes as long to load as half of the rest, and few use it.
  const [{ createSdkProtonService }, { credentialProviders }] = await Promise.all([
    import('../proton-sdk/sdk-proton-service.js'),
    import('../proton-sdk/transport/credentials.js'),
  ]);
  const service = createSdkProtonService({
    ...settings,
    credentialsFor: credentialProviders(credentials),
    around: telemetry.aroundSdk,
    report: ({ kind, error, ...said }) => {
      if (kind === 'trouble') logger.warn({ ...said, err: error }, 'Proton could not be asked');
      else logger.info(said, 'Proton refused what was asked');
    },
    warn: (warning) => {
      logger.warn(warning);
    },
  });
  return {
    proton: instrumentService(service, telemetry.aroundProton),
    endpoint: undefined,
    accessKeysUnder: undefined,
    // Proton is not asked whether it is well: that it throttles one server is no reason to take all of them out.
    checks: {},
    close() {
      service.close();
      return Promise.resolve();
    },
  };
}
