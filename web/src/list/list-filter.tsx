import PropertyFilter, { type PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import type { ListName } from '../addresses/addresses';
import { otherAccountKey, readTag, writeTag, type ListQuery } from '../addresses/list-query';
import { STATUS_LABELS, statusOfLabel, type Connection } from '../connections/connection';

export interface ListFilterProps {
  readonly list: ListName;
  readonly value: ListQuery;
  readonly onChange: (value: ListQuery) => void;
  /** What is on the page: the values it suggests. */
  readonly shown: readonly Connection[];
}

type Token = PropertyFilterProps.Token;

/** The box that narrows a list. */
export function ListFilter({ list, value, onChange, shown }: ListFilterProps) {
  const other = list === 'received' ? 'Environment account' : 'Management account';
  return (
    <PropertyFilter
      query={{ tokens: toTokens(value), operation: 'and' }}
      onChange={({ detail }) => {
        onChange(fromTokens(detail.tokens));
      }}
      hideOperations
      disableFreeTextFiltering
      filteringAriaLabel="Filter connections"
      filteringPlaceholder="Filter by status, environment, account, Region or tag"
      filteringEmpty="No suggestions"
      filteringProperties={[
        { key: 'status', propertyLabel: 'Status', groupValuesLabel: 'Status values', operators: ['='] },
        {
          key: 'environment',
          propertyLabel: 'Environment',
          groupValuesLabel: 'Environments',
          operators: ['=', '^'],
        },
        { key: 'otherAccount', propertyLabel: other, groupValuesLabel: `${other}s`, operators: ['='] },
        { key: 'region', propertyLabel: 'Region', groupValuesLabel: 'Regions', operators: ['='] },
        { key: 'tag', propertyLabel: 'Tag', groupValuesLabel: 'Tags, as key or key:value', operators: ['='] },
      ]}
      filteringOptions={suggestions(list, shown)}
    />
  );
}

function suggestions(list: ListName, shown: readonly Connection[]): PropertyFilterProps.FilteringOption[] {
  const distinct = (propertyKey: string, values: readonly string[]) =>
    [...new Set(values)].sort().map((value) => ({ propertyKey, value }));
  return [
    ...Object.values(STATUS_LABELS).map((value) => ({ propertyKey: 'status', value })),
    ...distinct(
      'environment',
      shown.map(({ environmentName }) => environmentName),
    ),
    ...distinct(
      'otherAccount',
      shown.map((connection) => connection[otherAccountKey(list)]),
    ),
    ...distinct(
      'region',
      shown.map(({ region }) => region),
    ),
    ...distinct(
      'tag',
      shown.flatMap(({ tags }) => (tags ?? []).map(writeTag)),
    ),
  ];
}

function toTokens({ statuses, environment, otherAccount, region, tags }: ListQuery): Token[] {
  const token = (propertyKey: string, value: string | undefined, operator = '='): Token[] =>
    value === undefined ? [] : [{ propertyKey, operator, value }];
  return [
    ...statuses.flatMap((status) => token('status', STATUS_LABELS[status])),
    ...(environment?.endsWith('*')
      ? token('environment', environment.slice(0, -1), '^')
      : token('environment', environment)),
    ...token('otherAccount', otherAccount),
    ...token('region', region),
    ...tags.flatMap((tag) => token('tag', writeTag(tag))),
  ];
}

/** Of a property that takes one value, the one entered last counts. A status that does not exist is left out. */
function fromTokens(tokens: readonly Token[]): ListQuery {
  const entered = (key: string): Token[] => tokens.filter(({ propertyKey }) => propertyKey === key);
  const last = (key: string): string | undefined => {
    const token = entered(key).at(-1);
    return token && `${String(token.value).trim()}${token.operator === '^' ? '*' : ''}`;
  };
  return {
    statuses: [...new Set(entered('status').flatMap(({ value }) => statusOfLabel(String(value)) ?? []))],
    environment: last('environment'),
    otherAccount: last('otherAccount'),
    region: last('region'),
    tags: entered('tag').map(({ value }) => readTag(String(value))),
  };
}
