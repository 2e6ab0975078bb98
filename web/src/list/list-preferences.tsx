import CollectionPreferences from '@cloudscape-design/components/collection-preferences';
import { ROWS } from '../addresses/list-query';
import type { Column } from './columns';
import type { Preferences } from './preferences';

export interface ListPreferencesProps {
  readonly columns: readonly Column[];
  readonly preferences: Preferences;
  readonly onChange: (preferences: Preferences) => void;
}

export function ListPreferences({ columns, preferences, onChange }: ListPreferencesProps) {
  const all = columns.map(({ id }) => id);
  return (
    <CollectionPreferences
      title="Preferences"
      confirmLabel="Confirm"
      cancelLabel="Cancel"
      preferences={{
        pageSize: preferences.rows,
        contentDensity: preferences.density,
        visibleContent: preferences.columns ?? all,
      }}
      pageSizePreference={{
        title: 'Rows on a page',
        options: ROWS.map((value) => ({ value, label: `${String(value)} rows` })),
      }}
      contentDensityPreference={{ label: 'Compact', description: 'More rows in the same height' }}
      visibleContentPreference={{
        title: 'Columns',
        options: [
          {
            label: 'Columns',
            options: columns.map(({ id, header, isRowHeader }) => ({
              id,
              label: header,
              editable: isRowHeader !== true,
            })),
          },
        ],
      }}
      onConfirm={({ detail }) => {
        onChange({
          rows: detail.pageSize ?? preferences.rows,
          density: detail.contentDensity ?? preferences.density,
          columns: detail.visibleContent ?? all,
        });
      }}
    />
  );
}
