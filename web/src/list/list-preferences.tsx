import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Modal from '@cloudscape-design/components/modal';
import RadioGroup from '@cloudscape-design/components/radio-group';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ROWS } from '../addresses/list-query';
import type { Column } from './columns';
import type { Preferences } from './preferences';

export interface ListPreferencesProps {
  readonly columns: readonly Column[];
  readonly preferences: Preferences;
  readonly onChange: (preferences: Preferences) => void;
}

/**
 * The button to change how lists look. Cloudscape's own dialog also sorts columns by drag and drop, which is 20 kB of
 * every visit.
 */
export function ListPreferences(props: ListPreferencesProps) {
  const [open, setOpen] = useState(false);
  return (
    <span>
      <Button
        variant="icon"
        iconName="settings"
        ariaLabel="Preferences"
        ariaHaspopup="dialog"
        onClick={() => {
          setOpen(true);
        }}
      />
      {open ? (
        <PreferencesDialog
          {...props}
          onClose={() => {
            setOpen(false);
          }}
        />
      ) : null}
    </span>
  );
}

interface PreferencesDialogProps extends ListPreferencesProps {
  readonly onClose: () => void;
}

function PreferencesDialog({ columns, preferences, onChange, onClose }: PreferencesDialogProps) {
  const [chosen, setChosen] = useState(preferences);
  const shown = chosen.columns ?? columns.map(({ id }) => id);
  const show = (id: string, isShown: boolean): void => {
    setChosen({ ...chosen, columns: isShown ? [...shown, id] : shown.filter((each) => each !== id) });
  };
  return (
    <Modal
      visible
      header="Preferences"
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button
              variant="primary"
              onClick={() => {
                onChange(chosen);
                onClose();
              }}
            >
              Confirm
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="l">
        <FormField label="Rows on a page">
          <RadioGroup
            value={String(chosen.rows)}
            onChange={({ detail }) => {
              setChosen({ ...chosen, rows: Number(detail.value) });
            }}
            items={ROWS.map((rows) => ({ value: String(rows), label: `${String(rows)} rows` }))}
          />
        </FormField>
        <FormField label="Columns">
          <SpaceBetween size="xs">
            {columns.map(({ id, header, isRowHeader = false }) => (
              <Checkbox
                key={id}
                checked={isRowHeader || shown.includes(id)}
                disabled={isRowHeader}
                onChange={({ detail }) => {
                  show(id, detail.checked);
                }}
              >
                {header}
              </Checkbox>
            ))}
          </SpaceBetween>
        </FormField>
        <Checkbox
          checked={chosen.density === 'compact'}
          description="More rows in the same height."
          onChange={({ detail }) => {
            setChosen({ ...chosen, density: detail.checked ? 'compact' : 'comfortable' });
          }}
        >
          Compact
        </Checkbox>
      </SpaceBetween>
    </Modal>
  );
}
