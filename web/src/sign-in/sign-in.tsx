import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { ForeignText } from '../text/foreign-text';
import type { Session } from './session';
import { TokenForm } from './token-form';

export interface SignInProps {
  readonly session: Session;
  /** Leaves for the issuer; undefined where a token is pasted. */
  readonly leave: (() => void) | undefined;
  /** Why signing in failed. */
  readonly problem: string | undefined;
}

/** The way in: to the issuer, or with a token. */
export function SignIn({ session, leave, problem }: SignInProps) {
  return (
    <SpaceBetween size="m">
      {problem === undefined ? null : (
        <Alert type="error" header="Signing in failed">
          <ForeignText>{problem}</ForeignText>
        </Alert>
      )}
      {leave ? (
        <SpaceBetween size="m">
          <Box>You sign in at your organization’s identity provider and come back to this page.</Box>
          <Button variant="primary" onClick={leave}>
            Sign in
          </Button>
        </SpaceBetween>
      ) : (
        <TokenForm session={session} />
      )}
    </SpaceBetween>
  );
}
