import assert from "node:assert/strict";
import { test } from "node:test";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { identityEnds } from "./identity-ends.ts";

const record = (type: string, id?: string): EvidenceRecord =>
  ({ event: { type }, ...(id !== undefined && { identity: { id } }) }) as unknown as EvidenceRecord;

test("VAI-07 an identity without an end, with two, and an end without an identity are each found", () => {
  const issued = ["a", "b", "c"].map((id) => record("IdentityIssued", id));
  const ends = [record("IdentityExpired", "b"), record("IdentityRevoked", "b")];
  const others = [
    record("IdentityCompleted", "c"),
    record("IssuanceFailed", "d"),
    record("PlaneHalted"),
  ];
  assert.deepEqual(identityEnds([...issued, ...ends, ...others]), {
    ...{ issued: 3, open: ["a"], twice: ["b"], unissued: ["d"] },
  });
});
