import { ROLE_MEMBERS, type ConnectionRoles, type Tag } from '../../proton/connection';

type KnownRoles = Partial<ConnectionRoles>;

/** Describes a difference, as in "status is CONNECTED here, PENDING in the file". */
export function difference(
  member: string,
  known: string | null | undefined,
  other: string | null | undefined,
  knownIs: string,
  otherIs: string,
): string {
  return `${member} is ${known ?? 'absent'} ${knownIs}, ${other ?? 'absent'} ${otherIs}`;
}

export function rolesBetween(
  known: KnownRoles,
  other: KnownRoles,
  knownIs: string,
  otherIs: string,
): readonly string[] {
  return ROLE_MEMBERS.filter((member) => (known[member] ?? null) !== (other[member] ?? null)).map((member) =>
    difference(member, known[member], other[member], knownIs, otherIs),
  );
}

/** Differences in the roles that a template declares. A role that it leaves out may be anything. */
export function rolesApart(declared: KnownRoles, existing: KnownRoles): readonly string[] {
  const declaresAsExisting = Object.fromEntries(
    ROLE_MEMBERS.map((member) => [member, declared[member] ?? existing[member]]),
  );
  return rolesBetween(existing, declaresAsExisting, 'here', 'in the template');
}

/** The difference between two sets of tags; their order does not matter. */
export function tagsBetween(
  known: readonly Tag[],
  other: readonly Tag[],
  knownIs: string,
  otherIs: string,
): readonly string[] {
  const values = new Map(known.map(({ key, value }) => [key, value]));
  const areEqual =
    known.length === other.length && other.every(({ key, value }) => values.get(key) === value);
  return areEqual ? [] : [difference('tags', tagText(known), tagText(other), knownIs, otherIs)];
}

function tagText(tags: readonly Tag[]): string {
  return JSON.stringify(Object.fromEntries(tags.map(({ key, value }) => [key, value])));
}
