import { writeDraft } from "./drafts.ts";
import { amount, delegateKey, handOn, REFUNDED, sendRaw, writeHandOn } from "./handing.ts";
import { anyCurrency, moneyDraft, refundsTo } from "./handing-drafts.ts";
import { ask } from "./issue.ts";
import { lookAtTarget, paid } from "./looks.ts";
import { sign } from "./scene-trust.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** What the refund agent holds. */
const FIRST = "up-to-500.json";
export const SECOND = "up-to-100.json";

/** Each hand-over narrows. */
export const attenuationScene: Scene = {
  title: "What is handed on only narrows",
  headline:
    "Refunds and payments; of them refunds of at most 500; of them at most 100, by an agent in Europe. At every use all of it is judged, from the contract on.",
  async play(stage) {
    const before = await paid(stage);
    await handOnTwice(stage);
    await use(stage);
    await widen(stage);
    await lookAtTarget(stage, {
      id: "narrow-paid",
      title:
        "The function that pays was called for the one refund, and for nothing that was refused.",
      before,
      expected: "1 call, 1 payment",
    });
  },
};

/** From governance to the agent in Europe. */
async function handOnTwice(stage: PlayStage): Promise<void> {
  const { work, outputs } = stage;
  const [refunds, inEurope] = outputs.names.delegates;
  writeDraft(work, "narrowing.draft.json", moneyDraft(outputs, 2));
  await sign(stage, {
    name: "narrowing",
    title: "Governance signs: refunds and payments of at most 1000 each, to be handed on twice.",
  });
  const further = { delegation: { maxDepth: 2, retain: true } };
  writeHandOn(stage, "up-to-500.draft.json", refundsTo(outputs, { agent: refunds }, 500, further));
  await handOn(stage, {
    id: "narrow-500",
    title: "The coordinator hands on refunds of at most 500.",
    args: ["narrowing.json", "--draft", "up-to-500.draft.json", "--out", FIRST],
    expected: `handed on to ${refunds}, depth 1`,
  });
  const designate = { labels: ["eu"] };
  writeHandOn(stage, "up-to-100.draft.json", refundsTo(outputs, designate, 100, { retain: true }));
  await handOn(stage, {
    id: "narrow-100",
    title:
      "The refund agent hands on at most 100, to whoever carries the label eu, and keeps its own.",
    args: byRefunds(stage, "up-to-100.draft.json", SECOND),
    expected: `handed on to ${inEurope}, depth 2`,
  });
}

/** Arguments of the refund agent that hands on. */
export const byRefunds = (stage: PlayStage, draft: string, out: string): readonly string[] => [
  ...[FIRST, "--draft", draft, "--key", delegateKey(stage, 0), "--out", out],
];

/** What the last block allows runs, and nothing else does, whatever the blocks above it allow. */
async function use(stage: PlayStage): Promise<void> {
  const asking = (...more: readonly string[]) => [SECOND, "--key", delegateKey(stage, 1), ...more];
  await ask(stage, {
    id: "narrow-80",
    title: "The agent in Europe has 80 refunded.",
    args: asking(...amount(80, "ref-80")),
    expected: REFUNDED,
  });
  await ask(stage, {
    id: "narrow-300",
    title: "It asks for 300, which the block above its own would allow.",
    args: asking(...amount(300, "ref-300")),
    expected: "PARAMETER_OUT_OF_BOUNDS at scope",
  });
  await ask(stage, {
    id: "narrow-payment",
    title: "It asks for a payment, which the contract would allow.",
    args: asking("--step", "pay", ...amount(20, "pay-20")),
    expected: "STEP_MISMATCH at scope",
  });
  await ask(stage, {
    id: "narrow-currency",
    title: "It asks for another currency.",
    args: asking(...amount(20, "ref-20", "USD")),
    expected: "PARAMETER_OUT_OF_BOUNDS at scope",
  });
}

/** A draft that says more than is held is not signed; signed all the same, the plane refuses it. */
async function widen(stage: PlayStage): Promise<void> {
  const designate = { labels: ["eu"] };
  writeHandOn(stage, "removed.draft.json", anyCurrency(stage.outputs, designate, 50));
  writeHandOn(stage, "loosened.draft.json", refundsTo(stage.outputs, designate, 501));
  const drafts = [
    ["removed", "The refund agent's draft leaves the currency out", "CONSTRAINT_REMOVED"],
    ["loosened", "The refund agent's draft says 501", "ATTENUATION_VIOLATION"],
  ] as const;
  for (const [name, what, code] of drafts) {
    const draft = `${name}.draft.json`;
    await handOn(stage, {
      id: `bound-${name}`,
      title: `${what}: vai says what is held, and signs nothing.`,
      args: byRefunds(stage, draft, `${name}.json`),
      expected: `${code}, nothing was signed`,
    });
    await sendRaw(stage, {
      id: `bound-${name}-sent`,
      title: "Signed and sent all the same.",
      ...{ held: FIRST, draft, key: delegateKey(stage, 0) },
      expected: `${code} at scope`,
    });
  }
}
