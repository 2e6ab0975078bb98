import FormField from '@cloudscape-design/components/form-field';
import Select from '@cloudscape-design/components/select';
import { useState } from 'react';
import { FormDialog } from '../form/form-dialog';
import { messageAt, useSubmission } from '../form/use-submission';
import { useReadableAccounts } from './use-readable-accounts';

export interface AccountDialogProps {
  readonly onChoose: (account: string) => void;
  readonly onClose: () => void;
}

/** Finds an account by its first digits, among more than a menu can list. */
export function AccountDialog({ onChoose, onClose }: AccountDialogProps) {
  const [digits, setDigits] = useState('');
  const [account, setAccount] = useState<string>();
  const { accounts, hasMore, failure, refetch } = useReadableAccounts(digits);
  const submission = useSubmission(() => {
    if (account === undefined) {
      const message = 'Choose an account.';
      return Promise.resolve({ ok: false, message, violations: [{ path: ['account'], message }] });
    }
    onClose();
    onChoose(account);
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
      <FormField label="Account" errorText={messageAt(submission, ['account'])}>
        <Select
          selectedOption={account === undefined ? null : { value: account }}
          placeholder="Choose an account"
          options={(accounts ?? []).map((value) => ({ value }))}
          filteringType="manual"
          filteringPlaceholder="The first digits"
          filteringAriaLabel="The first digits of the account"
          filteringClearAriaLabel="Clear"
          expandToViewport
          statusType={failure ? 'error' : accounts === undefined ? 'loading' : 'finished'}
          loadingText="Reading the accounts"
          errorText={failure?.message ?? ''}
          recoveryText="Try again"
          finishedText={hasMore ? 'There are more: type the first digits.' : ''}
          empty="No account begins with this."
          onLoadItems={({ detail }) => {
            // Without separators: ids are often written as 1111-2222-3333.
            const typed = detail.filteringText.replace(/[^\p{L}\d]/gu, '');
            if (typed !== digits) setDigits(typed);
            else if (detail.samePage) refetch();
          }}
          onChange={({ detail }) => {
            setAccount(detail.selectedOption.value);
          }}
        />
      </FormField>
    </FormDialog>
  );
}
