import { emergencyDraft, writeDraft } from "./drafts.ts";
import { ask } from "./issue.ts";
import { speak } from "./scene-people.ts";
import { sign } from "./scene-trust.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** A governed way past most people, once for each review. */
export const emergencyScene: Scene = {
  title: "An emergency",
  headline:
    "The trust policy foresees an emergency: one approval instead of evaluators and thresholds, for two minutes, for one action. The next one waits until an auditor has reviewed this one.",
  async play(stage) {
    await hold(stage, "outage", "Governance signs an emergency contract of class HIGH.");
    await ask(stage, {
      ...{ id: "emergency", args: ["outage.json", "--set", "set/mode=safe"] },
      title: "It runs once, by nobody's attestation.",
      expected: "succeeded, read back matches, COMPLETED",
    });
    await hold(stage, "outage-again", "A second one, approved too.");
    await ask(stage, {
      ...{ id: "emergency-waits", args: ["outage-again.json", "--set", "set/mode=fast"] },
      title: "It waits for the review of the first.",
      expected: "BREAK_GLASS_REVIEW_OVERDUE at state",
    });
    await review(stage);
    await ask(stage, {
      ...{ id: "emergency-again", args: ["outage-again.json", "--set", "set/mode=fast"] },
      title: "The same request again.",
      expected: "succeeded, read back matches, COMPLETED",
    });
  },
};

/** A contract under the emergency policy, with the one approval that this policy asks for. */
async function hold(stage: PlayStage, name: string, title: string): Promise<void> {
  writeDraft(stage.work, `${name}.draft.json`, emergencyDraft(stage.outputs));
  await sign(stage, { name, title });
  await speak(stage, {
    ...{ id: `register-${name}`, args: ["register", `${name}.json`], expected: "BOUND" },
    title: "It is bound, so that it can be approved.",
  });
  const { approver2 } = stage.outputs.names;
  const who = ["--as", approver2, "--role", "incident-commander"];
  await speak(stage, {
    ...{ id: `approve-${name}`, args: ["approve", `${name}.json`, ...who], expected: "RECORDED" },
    title: "The incident commander approves it.",
  });
}

const review = (stage: PlayStage): Promise<void> =>
  speak(stage, {
    id: "emergency-reviewed",
    title: "An auditor, who neither issued nor approved it, says what was found.",
    args: ["review", "outage.json", "--finding", "the checkout had to be switched"],
    expected: "REVIEWED",
  });
