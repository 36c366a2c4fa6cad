import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import { gatedDraft, settingDraft, writeDraft } from "./drafts.ts";
import { ask } from "./issue.ts";
import { sign } from "./scene-trust.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** What several have to say before anything is done, and what one of them can stop. */
export const peopleScene: Scene = {
  title: "People who decide",
  headline:
    "A contract of class HIGH: evaluators attest it, and a person approves exactly the statement that was read, of the contract and of a step's gate. One objection stops another one.",
  async play(stage) {
    await approveThroughGate(stage);
    await object(stage);
  },
};

async function approveThroughGate(stage: PlayStage): Promise<void> {
  writeDraft(stage.work, "gated.draft.json", gatedDraft(stage.outputs));
  await sign(stage, { name: "gated", title: "Governance signs a contract of class HIGH." });
  const asking = ["gated.json", "--set", "set/mode=fast"];
  await speak(stage, {
    ...{ id: "register", args: ["register", "gated.json"], expected: "BOUND" },
    title: "It is bound before anybody asks, so that others can speak of it.",
  });
  await ask(stage, {
    ...{ id: "gate-closed", args: asking, expected: "STEP_GATE_CLOSED at state" },
    title: "The agent asks: the step waits for people.",
  });
  await read(stage, {
    id: "statement",
    title: "The approver reads what the gate would open, word by word.",
    args: ["gated.json", "--step", "switch"],
    first: "vai approval statement 1",
  });
  await speak(stage, {
    ...{ id: "gate-approved", expected: "RECORDED" },
    args: ["approve", "gated.json", "--step", "switch"],
    title: "The approver signs that statement, and the gate opens.",
  });
  await attest(stage, "gated");
  await speak(stage, {
    ...{ id: "approved", args: ["approve", "gated.json"], expected: "RECORDED" },
    title: "The approver approves the whole contract, too.",
  });
  await ask(stage, {
    id: "people-granted",
    title: "The same request again.",
    args: asking,
    expected: "succeeded, read back matches, COMPLETED",
  });
}

/** Everybody has said yes, and one says no after all. */
async function object(stage: PlayStage): Promise<void> {
  const draft = { ...settingDraft(stage.outputs), risk: "HIGH", window: { seconds: 300 } };
  writeDraft(stage.work, "doubted.draft.json", draft);
  await sign(stage, { name: "doubted", title: "Another one, without a gate." });
  await speak(stage, {
    ...{ id: "register-doubted", args: ["register", "doubted.json"], expected: "BOUND" },
    title: "It is bound.",
  });
  const { evaluatorHuman } = stage.outputs.names;
  const words = ["--verdict", "reject", "--objection", "not during the sale"];
  await speak(stage, {
    ...{ id: "objection", expected: "RECORDED" },
    args: ["attest", "doubted.json", "--as", evaluatorHuman, ...words],
    title: "An evaluator of a class with a veto objects: that stays on record.",
  });
  await ask(stage, {
    id: "objected",
    title: "Nobody lifts it any more.",
    args: ["doubted.json", "--set", "set/mode=safe"],
    expected: "EVALUATOR_VETO at proof",
  });
}

interface Reading {
  readonly id: string;
  readonly title: string;
  /** Arguments of `vai approve`, which shows it. */
  readonly args: readonly string[];
  /** First line of the statement. */
  readonly first: string;
}

/** What is about to be signed, as it is signed. */
export function read({ vai, step }: PlayStage, { args, first, ...rest }: Reading): Promise<void> {
  const given = ["approve", ...args, "--show"];
  return step({
    ...rest,
    command: vai.line(given),
    expected: "the statement; nothing was signed",
    run: async () => {
      const lines = (await vai.run(given)).text.split("\n");
      const isWhole = lines[0] === first && lines.includes("nothing was signed");
      return {
        seen: isWhole ? "the statement; nothing was signed" : "no statement",
        lines: lines.filter((line) => !line.startsWith("next")),
        value: undefined,
      };
    },
  });
}

/** Evaluators of three classes attest a contract, as class HIGH asks. */
export async function attest(stage: PlayStage, name: string): Promise<void> {
  const { evaluator, evaluatorHuman, evaluatorRisk } = stage.outputs.names;
  for (const [kind, as] of Object.entries({
    state: evaluator,
    human: evaluatorHuman,
    risk: evaluatorRisk,
  })) {
    await speak(stage, {
      id: `attest-${name}-${kind}`,
      title: `The evaluator of class ${kind} attests the decision.`,
      args: ["attest", `${name}.json`, "--verdict", "approve", "--as", as],
      expected: "RECORDED",
    });
  }
}

interface Speaking {
  readonly id: string;
  readonly title: string;
  readonly args: readonly string[];
  readonly expected: string;
}

/** What somebody says of a contract, and what became of it. */
export function speak({ vai, step }: PlayStage, { args, ...rest }: Speaking): Promise<void> {
  const given = [...args, "--json"];
  return step({
    ...rest,
    command: vai.line(args),
    run: async () => {
      const answer = await vai.json<CommandAnswer | { ok: false; code: string }>(given);
      return { seen: answer.ok ? answer.state : answer.code, value: undefined };
    },
  });
}
