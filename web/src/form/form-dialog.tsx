import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Form from '@cloudscape-design/components/form';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useId, type ReactNode } from 'react';
import { messageOnTop, type Submission } from './use-submission';

export interface FormDialogProps {
  readonly title: string;
  readonly submitText: string;
  readonly submission: Submission;
  /** Paths in the input that have a field here. */
  readonly knownFields: readonly string[];
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A form in a dialog. Enter in a field sends it. */
export function FormDialog({
  title,
  submitText,
  submission,
  knownFields,
  onClose,
  children,
}: FormDialogProps) {
  const id = useId();
  const { sending, formRef, submit } = submission;
  return (
    <Modal
      visible
      size="large"
      header={title}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" form={id} loading={sending} loadingText="Waiting for the server">
              {submitText}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form
        id={id}
        ref={formRef}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Form errorText={messageOnTop(submission, (path) => knownFields.includes(path))}>{children}</Form>
      </form>
    </Modal>
  );
}
