import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { perform } from '../actions/perform';
import { connectionPath, keepAccount, PATHS } from '../addresses/addresses';
import { useNavigation } from '../addresses/use-navigation';
import { useNotifier } from '../app/notifications';
import { useConnectionState, useServices } from '../app/services';
import { useViewer } from '../app/viewer';
import { TagFields, type TagField } from '../form/tag-fields';
import { messageOnTop, useSubmission } from '../form/use-submission';
import { operation } from '../graphql/operation';
import { useInput } from '../sign-in/kept-input';
import { ForeignText } from '../text/foreign-text';
import { newClientToken } from './client-token';
import { ConflictLink } from './conflict-link';
import { ConnectFields } from './connect-fields';
import { EMPTY, toInput, type RequestValues } from './request-values';
import { RoleFields } from './role-fields';

const CREATE = operation('RequestToConnect');

interface RequestInput {
  readonly values: RequestValues;
  readonly tags: readonly TagField[];
  /** One for each opened form: sending it again after a lost answer makes no second connection. */
  readonly clientToken: string;
}

/** The form in which an environment account asks a management account for a connection. */
export function RequestToConnect() {
  const { query, go } = useNavigation();
  const { account } = useViewer();
  const { client, refresh } = useServices();
  const { notify } = useNotifier();
  const isOffline = useConnectionState() === 'offline';
  const managementAccount = query.get('managementAccountId') ?? '';
  const [{ values, tags, clientToken }, setInput] = useInput<RequestInput>('request', () => ({
    values: {
      ...EMPTY,
      managementAccountId: managementAccount,
      environmentAccountId: account === undefined || account === managementAccount ? '' : account,
    },
    tags: [],
    clientToken: newClientToken(),
  }));
  const change = (changed: Partial<RequestInput>): void => {
    setInput((before) => ({ ...before, ...changed }));
  };

  const submission = useSubmission(async () => {
    const input = { ...toInput(values, tags), clientToken };
    const result = await perform(client, CREATE, { input });
    refresh();
    if (result.ok && result.data) {
      const { id, environmentName, managementAccountId } = result.data;
      notify({
        id: 'request done',
        type: 'success',
        header: (
          <span>
            {managementAccountId} is asked for <ForeignText>{environmentName}</ForeignText>
          </span>
        ),
        content: 'The request is pending until that account accepts or rejects it.',
      });
      const to = keepAccount(query);
      to.set('from', 'sent');
      go(connectionPath(id, 'details'), to, true);
    } else if (!result.ok && result.violations.some(({ path }) => path[0] === 'clientToken')) {
      // The first sending arrived after all, and the input has changed since: this is another request.
      change({ clientToken: newClientToken() });
    }
    return result;
  });
  const { problem, sending, formRef, submit } = submission;
  const changeValues = (changed: Partial<RequestValues>): void => {
    setInput((before) => ({ ...before, values: { ...before.values, ...changed } }));
  };
  const top = messageOnTop(submission, (path) => path in values || path.startsWith('tags'));

  return (
    <form
      ref={formRef}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Form
        header={
          <Header
            variant="h1"
            description="An environment account asks a management account to provision one environment in it."
          >
            Request to connect
          </Header>
        }
        errorText={
          top === undefined ? undefined : (
            <span>
              {top}{' '}
              {problem?.code === 'CONFLICT' ? (
                <ConflictLink values={values} message={problem.message} />
              ) : null}
            </span>
          )
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button
              variant="link"
              formAction="none"
              onClick={() => {
                go(PATHS.sent, keepAccount(query));
              }}
            >
              Cancel
            </Button>
            <Button
              variant="primary"
              loading={sending}
              loadingText="Waiting for the server"
              {...(isOffline && { disabled: true, disabledReason: 'The server does not respond.' })}
            >
              Request to connect
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <ConnectFields values={values} onChange={changeValues} submission={submission} />
          <RoleFields values={values} onChange={changeValues} submission={submission} />
          <Container header={<Header variant="h2">Tags</Header>}>
            <TagFields
              tags={tags}
              onChange={(changed) => {
                change({ tags: changed });
              }}
              submission={submission}
              indexOf={(tag) => tags.indexOf(tag)}
            />
          </Container>
        </SpaceBetween>
      </Form>
    </form>
  );
}
