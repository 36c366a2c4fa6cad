import { writeDraft } from "./drafts.ts";
import { amount, delegateKey, handOn, REFUNDED, writeHandOn } from "./handing.ts";
import { entrustedDraft, refundsTo } from "./handing-drafts.ts";
import { ask } from "./issue.ts";
import { attest, read, speak } from "./scene-people.ts";
import { sign } from "./scene-trust.ts";
import type { PlayStage, Scene } from "./stage.ts";

const ASKED = "entrusted.asked.json";
const YES = "entrusted.yes.json";
const HELD = "entrusted-to-refunds.json";

/** One block, and somebody's yes to exactly that. */
export const approvedScene: Scene = {
  title: "A person says yes to one hand-over",
  headline:
    "Where the class asks for people, they approve each block, too: from whom, to whom, for what, word by word; and nothing else by the same yes.",
  async play(stage) {
    await entrust(stage);
    await askFor(stage);
    await decide(stage);
  },
};

/** A contract of class HIGH, with all that its class asks for. */
async function entrust(stage: PlayStage): Promise<void> {
  writeDraft(stage.work, "entrusted.draft.json", entrustedDraft(stage.outputs));
  const title =
    "Governance signs a contract of class HIGH: refunds of at most 500, to be handed on once.";
  await sign(stage, { name: "entrusted", title });
  await speak(stage, {
    ...{ id: "entrusted-bound", args: ["register", "entrusted.json"], expected: "BOUND" },
    title: "It is bound.",
  });
  await attest(stage, "entrusted");
  await speak(stage, {
    ...{ id: "entrusted-approved", args: ["approve", "entrusted.json"], expected: "RECORDED" },
    title: "The approver approves the contract.",
  });
}

/** What is to be handed on is written for people, and without them refused. */
async function askFor(stage: PlayStage): Promise<void> {
  const [agent] = stage.outputs.names.delegates;
  writeHandOn(stage, "entrusted-100.draft.json", refundsTo(stage.outputs, { agent }, 100));
  await handOn(stage, {
    id: "block-asked",
    title: "The coordinator writes what it means to hand on, for people to decide.",
    args: ["entrusted.json", "--draft", "entrusted-100.draft.json", "--ask", ASKED],
    expected: "asked; nothing was signed or sent",
  });
  await handOn(stage, {
    id: "block-unapproved",
    title: "It asks the plane before anybody has said yes.",
    args: [ASKED, "--out", HELD],
    expected: "HUMAN_SIGNATURE_MISSING at proof",
  });
}

async function decide(stage: PlayStage): Promise<void> {
  await read(stage, {
    id: "block-statement",
    title: "The approver reads all that would be signed.",
    args: [ASKED],
    first: "vai delegation statement 1",
  });
  await approve(stage);
  const [agent] = stage.outputs.names.delegates;
  writeHandOn(stage, "entrusted-200.draft.json", refundsTo(stage.outputs, { agent }, 200));
  await handOn(stage, {
    id: "block-other",
    title: "The yes was to 100: it does not serve for 200.",
    args: [
      "entrusted.json",
      "--draft",
      "entrusted-200.draft.json",
      "--approval",
      YES,
      "--out",
      HELD,
    ],
    expected: "APPROVAL_SIGNATURE_INVALID at proof",
  });
  await handOn(stage, {
    id: "block-approved",
    title: "For what was approved, the plane signs the block.",
    args: [ASKED, "--approval", YES, "--out", HELD],
    expected: `handed on to ${agent}, depth 1`,
  });
  await ask(stage, {
    id: "block-used",
    title: "The refund agent has 40 refunded.",
    args: [HELD, "--key", delegateKey(stage, 0), ...amount(40, "ref-40")],
    expected: REFUNDED,
  });
}

/** The approver signs what was shown. */
function approve({ vai, step }: PlayStage): Promise<void> {
  const args = ["approve", ASKED, "--out", YES, "--json"];
  return step({
    id: "block-yes",
    title: "The approver signs exactly that; the yes goes to the coordinator, not to the plane.",
    command: vai.line(args),
    expected: "signed",
    run: async () => {
      const { approval, statementDigest } = await vai.json<Record<string, string>>(args);
      const seen = approval === undefined ? "not signed" : "signed";
      return { seen, detail: statementDigest ?? "", value: undefined };
    },
  });
}
