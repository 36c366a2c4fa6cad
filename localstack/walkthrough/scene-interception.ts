import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { showChain, withdraw } from "./chain.ts";
import { writeDraft } from "./drafts.ts";
import { amount, delegateKey, handOn, REFUNDED, sendRaw, writeHandOn } from "./handing.ts";
import { moneyDraft, refundsTo } from "./handing-drafts.ts";
import { ask } from "./issue.ts";
import { lookAtTarget, paid } from "./looks.ts";
import { sign } from "./scene-trust.ts";
import type { PlayStage, Scene } from "./stage.ts";

const HELD = "for-refunds.json";
const EVENT = "refund.event.json";

/** The thief has everything that travels. */
export const interceptionScene: Scene = {
  title: "Handing on, and a thief in between",
  headline:
    "An agent hands part of its authority on to another. The chain that the plane signs says who may go on: it is no secret, and worth nothing to whoever else has it.",
  async play(stage) {
    const before = await paid(stage);
    await handOnRefunds(stage);
    await ask(stage, {
      id: "refund",
      title:
        "The refund agent, to whom they were handed on, has 80 euros refunded. It keeps what it sent.",
      args: [HELD, "--key", delegateKey(stage, 0), ...amount(80, "ref-1"), "--save-event", EVENT],
      expected: REFUNDED,
    });
    await steal(stage);
    await ask(stage, {
      id: "superseded",
      title:
        "The coordinator itself asks, by the contract that still names it: it has handed on, and acts no more.",
      args: ["money.json", "--step", "refund", ...amount(80, "ref-2")],
      expected: "HEAD_SUPERSEDED at state",
    });
    await lookAtTarget(stage, {
      id: "refund-once",
      title: "The function that pays was called for the one refund, and for nothing else.",
      before,
      expected: "1 call, 1 payment",
    });
  },
};

/** Refunds and payments are signed, and refunds handed on. */
async function handOnRefunds(stage: PlayStage): Promise<void> {
  const { work, outputs } = stage;
  const draft = writeDraft(work, "money.draft.json", moneyDraft(outputs, 1));
  await sign(stage, {
    name: "money",
    title: "Governance signs: refunds and payments, and the agent may hand them on, once.",
    lines: draft.filter((line) => /^(id|parameters|delegation):/.test(line)),
  });
  const [agent = ""] = outputs.names.delegates;
  writeHandOn(stage, "for-refunds.draft.json", refundsTo(outputs, { agent }, 500));
  await handOn(stage, {
    id: "hand-on",
    title:
      "The coordinator hands refunds of at most 500 on to an agent that the trust policy names.",
    args: ["money.json", "--draft", "for-refunds.draft.json", "--out", HELD],
    expected: `handed on to ${agent}, depth 1`,
  });
  await showChain(stage, {
    id: "chain",
    title: "The chain says who designated whom, for what; anybody may read it.",
    file: HELD,
    expected: "2 blocks",
  });
}

/** Whoever holds chain, contract and signed request, and no key of theirs. */
async function steal(stage: PlayStage): Promise<void> {
  await ask(stage, {
    id: "refund-replayed",
    title:
      "A thief who took the signed request sends it again: the same answer, and no second effect.",
    args: ["--event", EVENT],
    expected: `deduplicated, ${REFUNDED}`,
  });
  changeAmount(stage, EVENT, "stolen.event.json");
  await ask(stage, {
    id: "refund-changed",
    title: "The thief makes it 90.",
    args: ["--event", "stolen.event.json"],
    expected: "REQUEST_SIGNATURE_INVALID at request",
  });
  await ask(stage, {
    id: "refund-thief",
    title: "The thief has contract and chain, and asks with a key of its own.",
    args: [HELD, "--key", "thief.json", ...amount(80, "ref-3")],
    expected: "EXECUTOR_MISMATCH at executor",
  });
  await withdraw(stage, {
    id: "withdraw-thief",
    title: "The thief takes back what was never its own.",
    args: ["money.json", "--block", HELD, "--key", "thief.json"],
    expected: "DELEGATOR_MISMATCH at executor",
  });
  const [agent = ""] = stage.outputs.names.delegates;
  writeHandOn(stage, "for-thief.draft.json", refundsTo(stage.outputs, { agent }, 500));
  await sendRaw(stage, {
    id: "hand-on-thief",
    title:
      "The thief hands on from the contract; vai would not even sign that, so it signs by itself.",
    ...{ held: "money.json", draft: "for-thief.draft.json", key: "thief.json" },
    expected: "DELEGATOR_MISMATCH at executor",
  });
}

/** Another amount in a request that is signed already. */
function changeAmount({ work }: PlayStage, from: string, to: string): void {
  const event = JSON.parse(readFileSync(join(work, from), "utf8"));
  const [header, payload = "", signature] = (event.request as string).split(".");
  const claims = Buffer.from(payload, "base64url").toString();
  const changed = Buffer.from(claims.replace('amount":80', 'amount":90')).toString("base64url");
  const request = [header, changed, signature].join(".");
  writeFileSync(join(work, to), JSON.stringify({ ...event, request }));
}
