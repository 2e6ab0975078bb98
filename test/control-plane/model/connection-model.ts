import type { Tag } from '../../../src/proton/connection';

/**
 * A small model of the control plane, written from the reference without its code: a list and ifs. It returns for every call what a
 * client can observe: a view of the connection, or the failure's code and paths.
 */

const CLIENT_TOKEN_LIFETIME = 8 * 60 * 60 * 1000;

export interface ModelConnection {
  readonly number: number;
  readonly environmentAccountId: string;
  readonly managementAccountId: string;
  readonly environmentName: string;
  readonly region: string;
  readonly requestedAt: number;
  status: 'PENDING' | 'CONNECTED' | 'REJECTED';
  lastModifiedAt: number;
  roles: Readonly<Record<string, string>>;
  tags: ReadonlyMap<string, string>;
  readonly events: string[];
}

export interface CreateCall {
  readonly managementAccountId: string;
  readonly environmentAccountId: string;
  readonly environmentName: string;
  readonly region: string;
  readonly roles: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
  readonly clientToken: string;
}

export type ModelOutcome =
  { readonly ok: ModelView | null } | { readonly code: string; readonly paths: readonly string[] };

export interface ModelView {
  readonly number: number;
  readonly status: string;
  readonly lastModifiedAt: number;
  readonly roles: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

interface Token {
  readonly at: number;
  readonly number: number;
  readonly call: string;
}

export class ConnectionModel {
  readonly #connections = new Map<number, ModelConnection>();
  readonly #tokens = new Map<string, Token>();
  readonly #quota: number;
  #created = 0;

  constructor(quota: number) {
    this.#quota = quota;
  }

  /** Connections are numbered in the order of their creation. A larger number has no connection. */
  get created(): number {
    return this.#created;
  }

  create(actor: string, now: number, call: CreateCall): ModelOutcome {
    const outside = Object.entries(call.roles).filter(
      ([, arn]) => !arn.includes(`::${call.environmentAccountId}:`),
    );
    if (outside.length > 0)
      return failed(
        'VALIDATION_ERROR',
        outside.map(([member]) => member),
      );
    if (actor !== call.environmentAccountId) return failed('ACCESS_DENIED');

    const scope = [call.environmentAccountId, call.region, call.clientToken].join(' ');
    const asked = JSON.stringify([
      call.managementAccountId,
      call.environmentName,
      Object.entries(call.roles).sort(),
      call.tags.map(({ key, value }) => `${key}=${value}`).sort(),
    ]);
    const token = call.clientToken === '' ? undefined : this.#tokens.get(scope);
    const earlier =
      token && now - token.at < CLIENT_TOKEN_LIFETIME ? this.#connections.get(token.number) : undefined;
    if (token && earlier)
      return token.call === asked ? { ok: view(earlier) } : failed('VALIDATION_ERROR', ['clientToken']);

    const home = [...this.#connections.values()].filter(
      (other) => other.environmentAccountId === call.environmentAccountId && other.region === call.region,
    );
    const twin = home.find(
      (other) =>
        other.status !== 'REJECTED' &&
        other.managementAccountId === call.managementAccountId &&
        other.environmentName === call.environmentName,
    );
    if (twin) return failed('CONFLICT');
    if (home.length >= this.#quota) return failed('QUOTA_EXCEEDED');

    const connection: ModelConnection = {
      number: this.#created,
      environmentAccountId: call.environmentAccountId,
      managementAccountId: call.managementAccountId,
      environmentName: call.environmentName,
      region: call.region,
      requestedAt: now,
      status: 'PENDING',
      lastModifiedAt: now,
      roles: call.roles,
      tags: new Map(call.tags.map(({ key, value }) => [key, value])),
      events: [`CREATED by ${actor}: none to PENDING`],
    };
    this.#created += 1;
    this.#connections.set(connection.number, connection);
    if (call.clientToken !== '') this.#tokens.set(scope, { at: now, number: connection.number, call: asked });
    return { ok: view(connection) };
  }

  accept(actor: string, now: number, number: number): ModelOutcome {
    return this.#as('managementAccountId', actor, number, (connection) => {
      if (connection.status === 'REJECTED') return failed('CONFLICT');
      if (connection.status === 'PENDING') this.#move(connection, 'CONNECTED', 'ACCEPTED', actor, now);
      return { ok: view(connection) };
    });
  }

  reject(actor: string, now: number, number: number): ModelOutcome {
    return this.#as('managementAccountId', actor, number, (connection) => {
      if (connection.status !== 'REJECTED') this.#move(connection, 'REJECTED', 'REJECTED', actor, now);
      return { ok: view(connection) };
    });
  }

  update(actor: string, now: number, number: number, roles: Readonly<Record<string, string>>): ModelOutcome {
    if (Object.keys(roles).length === 0) return failed('VALIDATION_ERROR', ['']);
    return this.#as('environmentAccountId', actor, number, (connection) => {
      const outside = Object.entries(roles).filter(
        ([, arn]) => !arn.includes(`::${connection.environmentAccountId}:`),
      );
      if (outside.length > 0)
        return failed(
          'VALIDATION_ERROR',
          outside.map(([member]) => member),
        );
      if (connection.status === 'REJECTED') return failed('CONFLICT');
      const changes = Object.entries(roles).some(([member, arn]) => connection.roles[member] !== arn);
      if (changes) {
        connection.roles = { ...connection.roles, ...roles };
        connection.lastModifiedAt = now;
        this.#note(connection, 'UPDATED', actor);
      }
      return { ok: view(connection) };
    });
  }

  delete(actor: string, number: number): ModelOutcome {
    const outcome = this.#as('environmentAccountId', actor, number, (connection) => {
      this.#connections.delete(number);
      return { ok: view(connection) };
    });
    return 'code' in outcome && outcome.code === 'NOT_FOUND' ? { ok: null } : outcome;
  }

  tag(actor: string, number: number, given: readonly Tag[]): ModelOutcome {
    const keys = given.map(({ key }) => key);
    const twice = given.flatMap(({ key }, index) =>
      keys.indexOf(key) < index ? [`tags.${String(index)}.key`] : [],
    );
    if (given.length === 0) return failed('VALIDATION_ERROR', ['tags']);
    if (twice.length > 0) return failed('VALIDATION_ERROR', twice);
    return this.#as('environmentAccountId', actor, number, (connection) => {
      const tags = new Map(connection.tags);
      for (const { key, value } of given) tags.set(key, value);
      if (given.some(({ key, value }) => connection.tags.get(key) !== value))
        this.#note(connection, 'TAGGED', actor);
      connection.tags = tags;
      return { ok: view(connection) };
    });
  }

  untag(actor: string, number: number, keys: readonly string[]): ModelOutcome {
    if (keys.length === 0) return failed('VALIDATION_ERROR', ['tagKeys']);
    return this.#as('environmentAccountId', actor, number, (connection) => {
      const tags = new Map([...connection.tags].filter(([key]) => !keys.includes(key)));
      if (tags.size < connection.tags.size) this.#note(connection, 'UNTAGGED', actor);
      connection.tags = tags;
      return { ok: view(connection) };
    });
  }

  find(actor: string, number: number): ModelView | null {
    const connection = this.#connections.get(number);
    return connection && sees(actor, connection) ? view(connection) : null;
  }

  events(number: number): readonly string[] {
    return [...(this.#connections.get(number)?.events ?? [])].reverse();
  }

  /** The numbers of the connections that an account sees, from the newest request to the oldest; ties in any order. */
  list(actor: string, matches: (connection: ModelConnection) => boolean): readonly ModelConnection[] {
    return [...this.#connections.values()]
      .filter((connection) => sees(actor, connection) && matches(connection))
      .sort((a, b) => b.requestedAt - a.requestedAt);
  }

  #as(
    role: 'managementAccountId' | 'environmentAccountId',
    actor: string,
    number: number,
    act: (connection: ModelConnection) => ModelOutcome,
  ): ModelOutcome {
    const connection = this.#connections.get(number);
    if (!connection || !sees(actor, connection)) return failed('NOT_FOUND');
    return connection[role] === actor ? act(connection) : failed('ACCESS_DENIED');
  }

  #move(
    connection: ModelConnection,
    status: ModelConnection['status'],
    type: string,
    actor: string,
    now: number,
  ): void {
    connection.events.push(`${type} by ${actor}: ${connection.status} to ${status}`);
    connection.status = status;
    connection.lastModifiedAt = now;
  }

  #note(connection: ModelConnection, type: string, actor: string): void {
    connection.events.push(`${type} by ${actor}: ${connection.status} to ${connection.status}`);
  }
}

function sees(actor: string, connection: ModelConnection): boolean {
  return connection.managementAccountId === actor || connection.environmentAccountId === actor;
}

function failed(code: string, paths: readonly string[] = []): ModelOutcome {
  return { code, paths: [...paths].sort() };
}

function view({ number, status, lastModifiedAt, roles, tags }: ModelConnection): ModelView {
  return { number, status, lastModifiedAt, roles: { ...roles }, tags: Object.fromEntries(tags) };
}
