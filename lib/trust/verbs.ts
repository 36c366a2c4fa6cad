/** What an operator may do, by its verb (PROTOCOL.md §10); an operator's `may` lists some of them. */
export const VERBS = [
  "revokeIdentity",
  "revokeContract",
  "revokeDelegation",
  "signal",
  "haltActor",
  "haltPlane",
  "revokeKey",
  "revokePlaneKey",
  "reinstateActor",
  "reinstateKey",
  "liftQuarantine",
  "resumePlane",
  "reviewBreakGlass",
] as const;
export type Verb = (typeof VERBS)[number];
