import type { EvidenceRecord } from "../evidence/record.ts";

/** Types that end an identity. `IssuanceFailed` ends one that never had a session. */
export const ENDS: readonly string[] = [
  "IdentityCompleted",
  "ExecutionIncomplete",
  "IdentityExpired",
  "IdentityRevoked",
  "IssuanceFailed",
];

/** Whether a record is the end of its identity: by its type, or because it says in which state it ended. */
export const isEnd = ({ event, detail }: EvidenceRecord): boolean =>
  ENDS.includes(event.type) || typeof detail["state"] === "string";
