import { useState } from 'react';
import { perform, type Result } from '../actions/perform';
import { useNotifier } from '../app/notifications';
import { useServices } from '../app/services';
import type { Connection } from '../connections/connection';
import { FormDialog } from '../form/form-dialog';
import { newTag, TagFields, type TagField } from '../form/tag-fields';
import { useSubmission } from '../form/use-submission';
import { operation } from '../graphql/operation';
import { useInput } from '../sign-in/kept-input';
import { ForeignText } from '../text/foreign-text';

const TAG = operation('TagConnection');
const UNTAG = operation('UntagConnection');

export interface TagsDialogProps {
  readonly connection: Connection;
  readonly onClose: () => void;
}

interface TagsInput {
  /** As they were when the dialog opened: a tag that someone else adds meanwhile is not removed. */
  readonly before: readonly Omit<TagField, 'id'>[];
  readonly tags: readonly TagField[];
}

/** Changes the tags of a connection: removes those that are gone from the fields, then adds what is new or changed. */
export function TagsDialog({ connection, onClose }: TagsDialogProps) {
  const { client, refresh } = useServices();
  const { notify } = useNotifier();
  const [{ before, tags }, setInput] = useInput<TagsInput>(`tags of ${connection.id}`, () => {
    const now = connection.tags ?? [];
    return { before: now, tags: now.map(({ key, value }) => newTag(key, value)) };
  });
  const setTags = (changed: readonly TagField[]): void => {
    setInput({ before, tags: changed });
  };
  // What the last sending was about, to find the field of a violation.
  const [sent, setSent] = useState<readonly TagField[]>([]);

  /** The connection as it will most likely be. */
  function expected(operationName: 'Tag' | 'Untag', removed: readonly string[], added: readonly TagField[]) {
    const kept = before.filter(({ key }) => !removed.includes(key) && !added.some((tag) => tag.key === key));
    return {
      outcome: {
        __typename: `${operationName}EnvironmentAccountConnectionPayload`,
        data: {
          ...connection,
          __typename: 'EnvironmentAccountConnection',
          tags: [...kept, ...added].map(({ key, value }) => ({
            __typename: 'EnvironmentAccountConnectionTag',
            key,
            value,
          })),
        },
        error: null,
      },
    };
  }

  const submission = useSubmission(async () => {
    const { id } = connection;
    const added = tags.filter(
      (tag) => !before.some(({ key, value }) => key === tag.key && value === tag.value),
    );
    const tagKeys = before.filter(({ key }) => !tags.some((tag) => tag.key === key)).map(({ key }) => key);
    setSent(added);
    const failed = await sendInTurn([
      () =>
        tagKeys.length > 0 &&
        perform(client, UNTAG, { input: { id, tagKeys } }, expected('Untag', tagKeys, [])),
      () =>
        added.length > 0 &&
        perform(
          client,
          TAG,
          { input: { id, tags: added.map(({ key, value }) => ({ key, value })) } },
          expected('Tag', tagKeys, added),
        ),
    ]);
    refresh();
    if (!failed) {
      notify({
        id: 'tags done',
        type: 'success',
        header: (
          <span>
            The tags of <ForeignText>{connection.environmentName}</ForeignText> are changed
          </span>
        ),
      });
      onClose();
    }
    return failed ?? { ok: true, data: undefined };
  });

  return (
    <FormDialog
      title="Edit tags"
      submitText="Save tags"
      submission={submission}
      knownFields={[
        'tags',
        ...sent.flatMap((_tag, index) => [`tags.${String(index)}.key`, `tags.${String(index)}.value`]),
      ]}
      onClose={onClose}
    >
      <TagFields
        tags={tags}
        onChange={setTags}
        submission={submission}
        indexOf={({ id }) => {
          const index = sent.findIndex((tag) => tag.id === id);
          return index < 0 ? undefined : index;
        }}
      />
    </FormDialog>
  );
}

/** @returns the first failure, after which nothing more is sent; undefined if there was none */
async function sendInTurn(
  steps: readonly (() => Promise<Result<unknown>> | false)[],
): Promise<Extract<Result<unknown>, { ok: false }> | undefined> {
  for (const step of steps) {
    const result = await step();
    if (result && !result.ok) return result;
  }
  return undefined;
}
