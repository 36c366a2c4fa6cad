import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { contractDigest } from "../../../lib/client/request.ts";
import type { Digest } from "../../../lib/encoding/digest.ts";
import { run } from "../../cli/support/plane-endpoint.ts";
import { shiftDraft, signDraft } from "./contracts.ts";
import { approvalOf } from "./people.ts";
import type { LocalPlane } from "./plane.ts";

/** A contract under the local emergency policy, approved by one who may; it shifts traffic once. */
export function emergency(plane: LocalPlane) {
  const breakGlass = { policy: "local", incident: "INC-17" };
  const draft = { window: { startsIn: 0, seconds: 120 }, breakGlass };
  const held = signDraft(plane, shiftDraft(plane, draft));
  const spoken = { plane, contract: held.contract, now: Date.now() };
  const proof = { ...held.proof, approvals: [approvalOf(spoken, undefined, "incident-commander")] };
  return { held: { ...held, proof }, digest: contractDigest(held.contract) };
}

async function vai(plane: LocalPlane, args: readonly string[]) {
  const ran = await run([...args, "--json"], { environment: { VAI_OUTPUTS: plane.outputsFile } });
  return { ...ran, answer: JSON.parse(ran.out) };
}

/** Contract digests of the emergencies that wait for a review. */
export async function waitingReviews(plane: LocalPlane): Promise<Digest[]> {
  const { code, answer, out, err } = await vai(plane, ["status"]);
  assert.equal(code, 0, out + err);
  return answer.reviews.map(({ contractDigest }: { contractDigest: Digest }) => contractDigest);
}

/** Seconds for which a review is tried: what it waits for is stored or ended by the next `sweep`. */
const PATIENCE = 150;

/** An auditor's review of every emergency that waits for one, so that the next may run. */
export async function reviewAll(plane: LocalPlane): Promise<void> {
  for (const digest of await waitingReviews(plane)) {
    for (let second = 0; ; second++) {
      const { code, answer } = await vai(plane, ["review", digest, "--finding", "as it had to be"]);
      if (code === 0) break;
      const isPending = ["REVOCATION_PENDING", "CONTRACT_UNKNOWN"].includes(answer.code);
      assert.ok(isPending && second < PATIENCE, JSON.stringify(answer));
      if (answer.code === "CONTRACT_UNKNOWN") break;
      await sleep(1000);
    }
  }
}
