import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { ForeignText } from '../text/foreign-text';
import type { ReadTrustPolicies } from './use-trust-policies';

/** Why there is no trust policy to show yet: something is missing, wrong or being read. */
export function TrustPolicyState({ hint, error }: Omit<ReadTrustPolicies, 'policies'>) {
  if (error !== undefined) {
    return (
      <div role="alert">
        <StatusIndicator type="error">
          <ForeignText>{error}</ForeignText>
        </StatusIndicator>
      </div>
    );
  }
  return (
    <div role="status">
      {hint === undefined ? (
        <StatusIndicator type="loading">Reading the policies</StatusIndicator>
      ) : (
        <StatusIndicator type="info">{hint}</StatusIndicator>
      )}
    </div>
  );
}
