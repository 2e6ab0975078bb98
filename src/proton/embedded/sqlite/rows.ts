import { z } from 'zod';

import type { Connection, Tag } from '../../connection';
import type { StoredEvent } from '../store';
import type { ConnectionEventRow, ConnectionRow } from './schema';

export function connectionOf(row: ConnectionRow): Connection {
  return {
    id: row.id,
    region: row.region,
    status: row.status,
    environmentName: row.environment_name,
    managementAccountId: row.management_account_id,
    environmentAccountId: row.environment_account_id,
    roleArn: row.role_arn,
    componentRoleArn: row.component_role_arn,
    codebuildRoleArn: row.codebuild_role_arn,
    requestedAt: row.requested_at,
    lastModifiedAt: row.last_modified_at,
    tags: row.tags === '[]' ? NO_TAGS : tagsOf(row.tags),
  };
}

export function rowOf(connection: Connection): ConnectionRow {
  return {
    id: connection.id,
    region: connection.region,
    status: connection.status,
    environment_name: connection.environmentName,
    management_account_id: connection.managementAccountId,
    environment_account_id: connection.environmentAccountId,
    role_arn: connection.roleArn,
    component_role_arn: connection.componentRoleArn,
    codebuild_role_arn: connection.codebuildRoleArn,
    requested_at: connection.requestedAt,
    last_modified_at: connection.lastModifiedAt,
    tags: JSON.stringify(connection.tags),
  };
}

export function eventOf(row: ConnectionEventRow): StoredEvent {
  return {
    sequence: row.sequence,
    id: row.id,
    connectionId: row.connection_id,
    type: row.type,
    status: row.status,
    previousStatus: row.previous_status,
    actor: row.actor,
    occurredAt: row.occurred_at,
  };
}

const NO_TAGS: readonly Tag[] = [];
const tagsSchema = z.array(z.object({ key: z.string(), value: z.string() }));

function tagsOf(json: string): readonly Tag[] {
  return tagsSchema.parse(JSON.parse(json));
}
