import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Modal from '@cloudscape-design/components/modal';
import { useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import type { Session } from './session';
import { ForeignText } from '../text/foreign-text';
import { SignIn } from './sign-in';
import { hasUnsavedInput } from './kept-input';

export interface SignInGateProps {
  readonly session: Session;
  /** Leaves for the issuer; undefined where a token is pasted. */
  readonly leave: ((options: { readonly silent: boolean }) => void) | undefined;
  /** Why signing in failed. */
  readonly problem: string | undefined;
  readonly children: ReactNode;
}

/**
 * Shows the page to those who are signed in. When a session expires the page stays, with a dialog over it, so that
 * nothing typed is lost; with an issuer it first tries to come back by itself, unless a form holds input.
 */
export function SignInGate({ session, leave, problem, children }: SignInGateProps) {
  const state = useSyncExternalStore(session.subscribe, session.state);
  const [wasSignedIn, setWasSignedIn] = useState(state === 'signed-in');
  if (state === 'signed-in' && !wasSignedIn) setWasSignedIn(true);
  if (state === 'signed-out' && wasSignedIn) setWasSignedIn(false);
  const isOver = state === 'expired' || state === 'refused';
  // Not where the token was refused from the beginning: the server may refuse every token of the issuer, and the page would come and go for ever.
  const leavesByItself = state === 'expired' && leave !== undefined && !hasUnsavedInput();
  useEffect(() => {
    if (leavesByItself) leave({ silent: true });
  }, [leavesByItself, leave]);

  const signIn = (
    <SignIn
      session={session}
      leave={
        leave &&
        (() => {
          leave({ silent: false });
        })
      }
      problem={problem}
    />
  );
  if (state === 'signed-in' || (isOver && wasSignedIn)) {
    // The page has the same place in both states, or React would make it anew, without what was typed.
    return (
      <div>
        {children}
        {isOver ? (
          <Modal visible={!leavesByItself} header="Sign in again" closeAriaLabel="Close">
            <Box margin={{ bottom: 's' }}>
              {state === 'expired' ? 'Your sign-in has ended.' : 'The server refused your sign-in:'}{' '}
              {state === 'refused' ? <ForeignText>{session.refusal ?? ''}</ForeignText> : null} What you typed
              is kept.
            </Box>
            {signIn}
          </Modal>
        ) : null}
      </div>
    );
  }
  return (
    <main className="sign-in">
      <Container header={<Header variant="h1">Sign in to environment account connections</Header>}>
        {signIn}
      </Container>
    </main>
  );
}
