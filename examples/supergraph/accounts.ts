/** An AWS account in the company's list of accounts. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly ownerTeam: string;
}

/** The account ids of the README and `schema/operations`, so that connections created with them have names here. */
export const ACCOUNTS: readonly Account[] = [
  { id: '000000000000', name: 'sandbox', ownerTeam: 'Developer Experience' },
  { id: '111111111111', name: 'platform', ownerTeam: 'Platform Engineering' },
  { id: '222222222222', name: 'payments-prod', ownerTeam: 'Payments' },
  { id: '333333333333', name: 'payments-staging', ownerTeam: 'Payments' },
  { id: '444444444444', name: 'search-prod', ownerTeam: 'Search' },
  { id: '555555555555', name: 'data-lake', ownerTeam: 'Data' },
];
