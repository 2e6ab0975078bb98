import { isRegion } from '../proton/identifiers';
import type { SignatureFlaw, SignatureRefusal } from '../sigv4/signature-refusal';
import { AwsError, type AwsErrorName } from './aws-error';

/** How AWS has Proton's callers sign. */
export const PROTON_SCOPE = { service: 'proton', isRegion };

const NAME_OF_FLAW: Readonly<Record<SignatureFlaw, AwsErrorName>> = {
  missing: 'MissingAuthenticationTokenException',
  incomplete: 'IncompleteSignatureException',
  expired: 'RequestExpired',
  'unknown-key': 'UnrecognizedClientException',
  invalid: 'InvalidSignatureException',
};

/** A signature that is not believed, by the name that AWS's services have for it. */
export function awsErrorOfRefusal({ flaw, message }: SignatureRefusal): AwsError {
  return new AwsError(NAME_OF_FLAW[flaw], message);
}
