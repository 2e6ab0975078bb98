import Box from '@cloudscape-design/components/box';
import Button, { type ButtonProps } from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input, { type InputProps } from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useRef } from 'react';
import { messageAt, type Submission } from './use-submission';

export interface TagField {
  /** Names the pair of fields while it is on the page. */
  readonly id: string;
  readonly key: string;
  readonly value: string;
}

export interface TagFieldsProps {
  readonly tags: readonly TagField[];
  readonly onChange: (tags: readonly TagField[]) => void;
  readonly submission: Submission;
  /** Where a tag is in the input that was sent; undefined when it was not sent. */
  readonly indexOf: (tag: TagField) => number | undefined;
}

let lastId = 0;
export function newTag(key = '', value = ''): TagField {
  lastId += 1;
  // Fields of an earlier load of the page may be on it: signing in again brings them back.
  return { id: `tag-${String(performance.timeOrigin)}-${String(lastId)}`, key, value };
}

/** Fields for tags, a key and a value each. */
export function TagFields({ tags, onChange, submission, indexOf }: TagFieldsProps) {
  const added = useRef<string>(undefined);
  const addButton = useRef<ButtonProps.Ref>(null);
  /** Puts the focus into the key of a tag that was just added. */
  const focusAdded = (input: InputProps.Ref | null, { id }: TagField): void => {
    if (!input || added.current !== id) return;
    added.current = undefined;
    input.focus();
  };
  const change = (changed: TagField): void => {
    onChange(tags.map((tag) => (tag.id === changed.id ? changed : tag)));
  };
  const field = (tag: TagField, part: 'key' | 'value') => {
    const index = indexOf(tag);
    return (
      <FormField
        label={part === 'key' ? 'Key' : 'Value'}
        errorText={index === undefined ? undefined : messageAt(submission, ['tags', String(index), part])}
      >
        <Input
          ref={(input) => {
            if (part === 'key') focusAdded(input, tag);
          }}
          value={tag[part]}
          spellcheck={false}
          autoComplete={false}
          onChange={({ detail }) => {
            change({ ...tag, [part]: detail.value });
          }}
        />
      </FormField>
    );
  };
  return (
    <SpaceBetween size="s">
      {tags.map((tag) => (
        <div key={tag.id} className="tag-fields">
          {field(tag, 'key')}
          {field(tag, 'value')}
          <Button
            formAction="none"
            iconName="remove"
            variant="icon"
            ariaLabel={tag.key === '' ? 'Remove this tag' : `Remove the tag ${tag.key}`}
            onClick={() => {
              onChange(tags.filter(({ id }) => id !== tag.id));
              addButton.current?.focus();
            }}
          />
        </div>
      ))}
      <FormField errorText={messageAt(submission, ['tags'])}>
        <Button
          ref={addButton}
          formAction="none"
          iconName="add-plus"
          onClick={() => {
            const tag = newTag();
            added.current = tag.id;
            onChange([...tags, tag]);
          }}
        >
          Add tag
        </Button>
      </FormField>
      {tags.length === 0 ? <Box color="text-body-secondary">No tags.</Box> : null}
    </SpaceBetween>
  );
}
