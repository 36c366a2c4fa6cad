import { readFileSync } from "node:fs";
import { join } from "node:path";
import { traceHandOvers, verifyChain, withdraw } from "./chain.ts";
import { amount, delegateKey, handOn, REFUNDED, writeHandOn } from "./handing.ts";
import { refundsTo } from "./handing-drafts.ts";
import { ask } from "./issue.ts";
import { lookAtTarget, paid } from "./looks.ts";
import { byRefunds, SECOND } from "./scene-attenuation.ts";
import type { PlayStage, Scene } from "./stage.ts";

const BESIDE = "up-to-50.json";
const HELPER = "spiffe://example.org/agent/helper";

/** Of two branches one is taken back. */
export const branchScene: Scene = {
  title: "A branch is taken back, and the one beside it goes on",
  headline:
    "Whoever handed on can end what hangs below, also when it acts no more itself. What was done stays done, and who designated whom stays true.",
  async play(stage) {
    const before = await paid(stage);
    await branchOff(stage);
    await endBranch(stage);
    const { proof } = JSON.parse(readFileSync(join(stage.work, "narrowing.json"), "utf8"));
    await traceHandOvers(stage, {
      id: "trace-handed-on",
      title: "And asks who handed on to whom, and who took back.",
      intent: proof.intent.id,
      expected: "3 handed on, 1 ended",
    });
    await lookAtTarget(stage, {
      id: "branch-paid",
      title: "The function that pays was called for the helper alone.",
      before,
      expected: "1 call, 1 payment",
    });
  },
};

/** A second one hangs on the refund agent. */
async function branchOff(stage: PlayStage): Promise<void> {
  const jkt = await makeHelper(stage);
  const draft = refundsTo(stage.outputs, { agent: HELPER, jkt }, 50, { retain: true });
  writeHandOn(stage, "up-to-50.draft.json", draft);
  await handOn(stage, {
    id: "sibling",
    title: "The refund agent hands at most 50 on to the helper, by its key, and keeps its own.",
    args: byRefunds(stage, "up-to-50.draft.json", BESIDE),
    expected: `handed on to ${HELPER}, depth 2`,
  });
}

/** One of the two ends. */
async function endBranch(stage: PlayStage): Promise<void> {
  await verifyChain(stage, {
    id: "chain-valid",
    title: "An auditor verifies the chain of the agent in Europe by the plane's evidence.",
    file: SECOND,
    expected: "valid",
  });
  await withdraw(stage, {
    id: "withdrawn",
    title: "The coordinator, who acts no more, takes that branch back.",
    args: ["narrowing.json", "--block", SECOND],
    expected: "1 ended",
  });
  await ask(stage, {
    id: "branch-ended",
    title: "The agent in Europe asks once more, and is told what would help.",
    args: [SECOND, "--key", delegateKey(stage, 1), ...amount(10, "ref-10")],
    expected: "CHAIN_BLOCK_REVOKED at state",
  });
  await ask(stage, {
    id: "sibling-lives",
    title: "The helper, beside it, goes on.",
    args: [BESIDE, "--key", "helper.key.json", ...amount(20, "ref-helper")],
    expected: REFUNDED,
  });
  await verifyChain(stage, {
    id: "chain-then",
    title: "The auditor verifies the ended chain again: who designated whom stays true.",
    file: SECOND,
    expected: "valid then, and not any more",
  });
}

/** @returns the thumbprint of its key */
function makeHelper({ vai, step }: PlayStage): Promise<string> {
  const args = ["keys", "new", "helper.key.json", "--json"];
  return step({
    id: "helper-key",
    title: "A helper, whom the trust policy does not know, makes a key.",
    command: vai.line(args),
    expected: "made",
    run: async () => {
      const { thumbprint = "" } = await vai.json<{ readonly thumbprint?: string }>(args);
      return { seen: thumbprint === "" ? "no" : "made", detail: thumbprint, value: thumbprint };
    },
  });
}
