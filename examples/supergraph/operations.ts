/** A connection to look at, for a supergraph that has none yet. The payload passes through the gateway as it is. */
export const REQUEST_CONNECTION = `mutation RequestConnection {
  createEnvironmentAccountConnection(
    input: {
      managementAccountId: "111111111111"
      environmentName: "payments-prod"
      roleArn: "arn:aws:iam::222222222222:role/proton-provisioning"
    }
  ) {
    success
    data { id status environmentAccount { name } }
    error { code message }
  }
}`;

/** Joined in both directions: from connections to who owns their accounts, and from an account to its connections. */
export const CONNECTIONS_AND_OWNERS = `query ConnectionsAndOwners {
  environmentAccountConnections {
    nodes {
      environmentName
      status
      managementAccount { name ownerTeam }
      environmentAccount { name ownerTeam }
    }
  }
  awsAccount(id: "111111111111") {
    name
    environmentAccountConnections(role: MANAGEMENT_ACCOUNT) {
      totalCount
      nodes { id environmentName status }
    }
  }
}`;
