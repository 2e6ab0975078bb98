import { ROLE_MEMBERS, type ConnectionRoles, type Tag } from '../../proton/connection';

type ConnectionRolesView = Partial<ConnectionRoles>;

/** "status is CONNECTED here, PENDING in the file" */
export function difference(
  member: string,
  known: string | null | undefined,
  fact: string | null | undefined,
  knownIs: string,
  factIs: string,
): string {
  return `${member} is ${known ?? 'absent'} ${knownIs}, ${fact ?? 'absent'} ${factIs}`;
}

export function rolesBetween(
  known: ConnectionRolesView,
  other: ConnectionRolesView,
  knownIs: string,
  otherIs: string,
): readonly string[] {
  return ROLE_MEMBERS.filter((member) => (known[member] ?? null) !== (other[member] ?? null)).map((member) =>
    difference(member, known[member], other[member], knownIs, otherIs),
  );
}

/** The roles that a template declares and a connection does not have. What it leaves open may be anything. */
export function rolesApart(declared: ConnectionRolesView, existing: ConnectionRolesView): readonly string[] {
  const declaresAsExisting = Object.fromEntries(
    ROLE_MEMBERS.map((member) => [member, declared[member] ?? existing[member]]),
  );
  return rolesBetween(existing, declaresAsExisting, 'here', 'in the template');
}

/** Tags are the same in any order. */
export function tagsBetween(
  known: readonly Tag[],
  other: readonly Tag[],
  knownIs: string,
  otherIs: string,
): readonly string[] {
  const values = new Map(known.map(({ key, value }) => [key, value]));
  const same = known.length === other.length && other.every(({ key, value }) => values.get(key) === value);
  return same ? [] : [difference('tags', tagText(known), tagText(other), knownIs, otherIs)];
}

function tagText(tags: readonly Tag[]): string {
  return JSON.stringify(Object.fromEntries(tags.map(({ key, value }) => [key, value])));
}
