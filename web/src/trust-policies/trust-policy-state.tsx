import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { ForeignText } from '../text/foreign-text';

export interface TrustPolicyStateProps {
  /** What is missing. */
  readonly hint?: string | undefined;
  /** What is wrong with the input, or why the server can't be read. */
  readonly error?: string | undefined;
}

/** Why there is no trust policy to show yet: something is missing, wrong or being read. */
export function TrustPolicyState({ hint, error }: TrustPolicyStateProps) {
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
