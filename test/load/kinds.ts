/** What people do with a contract, each a kind of action of its own; `breakGlass` leaves its review to whoever comes next. */
export const PEOPLE_KINDS = [
  ...(["register", "approve", "attest", "gate"] as const),
  ...(["duty", "rollback", "breakGlass", "review"] as const),
] as const;
export type PeopleKind = (typeof PEOPLE_KINDS)[number];
