import type { Notifier } from '../app/notifications';
import type { Connection } from '../connections/connection';
import { ForeignText } from '../text/foreign-text';
import type { Result } from './perform';

export type ActionName = 'accept' | 'reject' | 'delete';

const DONE: Readonly<Record<ActionName, string>> = {
  accept: 'accepted',
  reject: 'rejected for good',
  delete: 'deleted',
};

interface WithResult {
  readonly connection: Connection;
  readonly result: Result<unknown> | undefined;
}

/** Says how an action went: one message for what was done, one that names each connection for which it failed. */
export function notifyOfResults(notifier: Notifier, name: ActionName, all: readonly WithResult[]): void {
  const failed = all.filter(({ result }) => !result?.ok);
  const done = all.filter(({ result }) => result?.ok);
  notifier.dismiss(`${name} failed`);
  if (done.length > 0) {
    notifier.notify({ id: `${name} done`, type: 'success', header: <Subject of={done} then={DONE[name]} /> });
  }
  if (failed.length > 0) {
    notifier.notify({
      id: `${name} failed`,
      type: 'error',
      header: <Subject of={failed} then={`not ${DONE[name].replace(' for good', '')}`} />,
      content: <Reasons of={failed} />,
    });
  }
}

function Subject({ of, then }: { readonly of: readonly WithResult[]; readonly then: string }) {
  const [first] = of;
  if (first && of.length === 1) {
    return (
      <span>
        <ForeignText>{first.connection.environmentName}</ForeignText> {then}
      </span>
    );
  }
  return `${String(of.length)} connections ${then}`;
}

function Reasons({ of }: { readonly of: readonly WithResult[] }) {
  return (
    <ul className="plain-list">
      {of.map(({ connection, result }) => (
        <li key={connection.id}>
          <ForeignText>{connection.environmentName}</ForeignText> of {connection.environmentAccountId}:{' '}
          <ForeignText>{result?.ok === false ? result.message : ''}</ForeignText>
        </li>
      ))}
    </ul>
  );
}
