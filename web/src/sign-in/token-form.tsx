import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { readToken } from './read-token';
import type { Session } from './session';

/** Takes a token that the reader has from elsewhere. It stays in this page's memory. */
export function TokenForm({ session }: { readonly session: Session }) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();
  const submit = (): void => {
    const reading = readToken(text, Date.now());
    if (reading.ok) session.start(reading.token, reading.expiresAt);
    else setProblem(reading.problem);
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <SpaceBetween size="m">
        <FormField
          label="Access token"
          description="A JWT of the issuer that the server trusts. The page forgets it when you close or reload it."
          errorText={problem}
        >
          <Input
            type="password"
            value={text}
            autoComplete={false}
            onChange={({ detail }) => {
              setText(detail.value);
              setProblem(undefined);
            }}
          />
        </FormField>
        <Button variant="primary">Sign in</Button>
      </SpaceBetween>
    </form>
  );
}
