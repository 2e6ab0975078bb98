import { createSdkService, startSignedEndpoint } from '../support/sdk-service';
import { describeProtonService } from '../proton/proton-service.contract';

describeProtonService(
  'over the AWS SDK and a signed endpoint',
  { keepsHistory: false, counts: false },
  async ({ quota }) => {
    const endpoint = await startSignedEndpoint({ quota });
    const { service } = createSdkService({
      endpointUrl: endpoint.origin,
      credentialsFor: endpoint.credentialsFor,
    });
    return {
      service,
      clock: endpoint.clock,
      async close() {
        service.close();
        await endpoint.stop();
      },
    };
  },
);
