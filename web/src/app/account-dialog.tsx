import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { FormDialog } from '../form/form-dialog';
import { messageAt, useSubmission } from '../form/use-submission';

const ACCOUNT_ID = /^\d{12}$/;

export interface AccountDialogProps {
  readonly onChoose: (account: string) => void;
  readonly onClose: () => void;
}

/** Asks for an account that the menu does not list, for viewers whose permissions cover every account. */
export function AccountDialog({ onChoose, onClose }: AccountDialogProps) {
  const [account, setAccount] = useState('');
  const submission = useSubmission(() => {
    const id = account.trim();
    if (!ACCOUNT_ID.test(id)) {
      const message = 'must be 12 digits';
      return Promise.resolve({ ok: false, message, violations: [{ path: ['account'], message }] });
    }
    onClose();
    onChoose(id);
    return Promise.resolve({ ok: true, data: undefined });
  });
  return (
    <FormDialog
      title="Act as another account"
      submitText="Act as this account"
      submission={submission}
      knownFields={['account']}
      onClose={onClose}
    >
      <FormField
        label="Account"
        constraintText="12 digits. The menu lists the accounts of the newest 2,000 connections."
        errorText={messageAt(submission, ['account'])}
      >
        <Input
          value={account}
          spellcheck={false}
          autoComplete={false}
          onChange={({ detail }) => {
            setAccount(detail.value);
          }}
        />
      </FormField>
    </FormDialog>
  );
}
