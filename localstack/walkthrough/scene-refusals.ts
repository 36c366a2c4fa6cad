import { setTimeout as sleep } from "node:timers/promises";
import { functionArn, shiftDraft, writeDraft } from "./drafts.ts";
import { ask, explain } from "./issue.ts";
import { readRouting } from "./looks.ts";
import { sign } from "./scene-trust.ts";
import { bySdk } from "./sdk.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** Seconds: long enough to be signed, over before it is used. */
const SHORT_WINDOW = 2;

/** Everything beyond the contract is refused, each with its own code. */
export const refusalScene: Scene = {
  title: "Everything else is refused",
  headline: "A refusal names what was wrong, changes nothing, and is evidence like any success.",
  async play(stage) {
    const { outputs, step } = stage;
    const ends = await signBrief(stage);
    const before = await readRouting(stage);
    await ask(stage, {
      id: "refuse-percent",
      title: "The agent asks for 100 %: ten times what it may.",
      args: ["shift.json", "--set", "percent=100"],
      expected: "PARAMETER_OUT_OF_BOUNDS at scope",
    });
    await explain(stage, "PARAMETER_OUT_OF_BOUNDS");
    await ask(stage, {
      id: "refuse-service",
      title: "The agent asks for another service.",
      args: [
        "shift.json",
        "--set",
        "percent=0",
        "--resource",
        functionArn(outputs, { name: "payments" }),
      ],
      expected: "TARGET_MISMATCH at scope",
    });
    await ask(stage, {
      id: "refuse-region",
      title: "The agent asks for the same service in another region.",
      args: [
        "shift.json",
        "--set",
        "percent=0",
        "--resource",
        functionArn(outputs, { region: "eu-west-1" }),
      ],
      expected: "REGION_MISMATCH at scope",
    });
    await stealContract(stage);
    await ask(stage, {
      id: "refuse-total",
      title: "The agent asks for 10 % once more: a second call is allowed, 20 % in total is not.",
      args: ["shift.json", "--set", "percent=10"],
      expected: "SCOPE_EXCEEDED at scope",
    });
    await ask(stage, {
      id: "refuse-second",
      title: "The agent changes the setting once more: that contract was for one call.",
      args: ["setting.json", "--set", "set/mode=safe"],
      expected: "CONTRACT_CONSUMED at state",
    });
    await untilOver(ends, stage.signal);
    await ask(stage, {
      id: "refuse-expired",
      title: `The agent comes too late: the window of ${SHORT_WINDOW} seconds is over.`,
      args: ["brief.json", "--set", "percent=10"],
      expected: "CONTRACT_EXPIRED at state",
    });
    await step({
      id: "nothing-changed",
      title: "After seven refusals the service is exactly as it was.",
      command: bySdk("deployer", `lambda:GetAlias ${outputs.samples.function} live`),
      expected: `${before.traffic}, the same revision`,
      run: async () => {
        const { traffic, revision } = await readRouting(stage);
        const same = revision === before.revision ? "the same revision" : "another revision";
        return { seen: `${traffic}, ${same}`, value: undefined };
      },
    });
  },
};

/** Signs a contract whose window is over in a moment. @returns when, in milliseconds. */
async function signBrief(stage: PlayStage): Promise<number> {
  writeDraft(stage.work, "brief.draft.json", shiftDraft(stage.outputs, SHORT_WINDOW));
  const title = `Governance signs a contract for ${SHORT_WINDOW} seconds, to be used further below.`;
  await sign(stage, { name: "brief", title });
  return Date.now() + SHORT_WINDOW * 1_000;
}

async function untilOver(ends: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, ends - Date.now()), undefined, { signal });
}

/** Somebody has the contract, and a key of their own. */
async function stealContract(stage: PlayStage): Promise<void> {
  const { vai, step } = stage;
  const args = ["keys", "new", "thief.json"];
  await step({
    id: "thief-key",
    title: "A thief copies the contract and makes a key.",
    command: vai.line(args),
    expected: "made",
    run: async () => ({ seen: (await vai.run(args)).code === 0 ? "made" : "no", value: undefined }),
  });
  await ask(stage, {
    id: "refuse-thief",
    title: "The thief asks for what the contract allows: it names the agent's key, not the bearer.",
    args: ["shift.json", "--key", "thief.json", "--set", "percent=0"],
    expected: "EXECUTOR_MISMATCH at executor",
  });
}
