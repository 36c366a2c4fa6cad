import { join } from "node:path";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { withMode } from "../deploy/action-mode.ts";
import { writeJson } from "../machine/files.ts";
import { REPOSITORY_ROOT } from "../machine/paths.ts";
import { settingDraft, writeDraft } from "./drafts.ts";
import { type Ask, ask } from "./issue.ts";
import { readMode } from "./looks.ts";
import { sign } from "./scene-trust.ts";
import { bySdk } from "./sdk.ts";
import type { PlayStage, Scene } from "./stage.ts";

const ACTION = "dynamodb:UpdateItem";

/** An action that a team watches before it lets the plane do it. */
export const observedScene: Scene = {
  title: "Watching first",
  headline:
    "An action can be only observed: each request is judged to the end and recorded, nothing is done, and the answer says what would have been.",
  async play(stage) {
    const { work, outputs, step } = stage;
    await publishMode(stage, "observe", `Governance puts ${ACTION} into mode observe.`);
    writeDraft(work, "observed.draft.json", settingDraft(outputs));
    await sign(stage, { name: "observed", title: "Governance signs: one setting, two values." });
    await askWatched(stage, {
      id: "observed",
      title: "The agent asks for what the contract allows. No use is spent, and STS is not asked.",
      args: ["observed.json", "--set", "set/mode=fast"],
      expected: "ACTION_OBSERVED, it would have been granted",
    });
    await askWatched(stage, {
      id: "observed-beyond",
      title:
        "It asks for more: a team sees what enforcing would refuse, before anybody is stopped.",
      args: ["observed.json", "--set", "set/mode=broken"],
      expected: "ACTION_OBSERVED, it would have been PARAMETER_OUT_OF_BOUNDS at scope",
    });
    await step({
      id: "observed-effect",
      title: "Nothing was done.",
      command: bySdk("deployer", `dynamodb:GetItem ${outputs.samples.table} checkout`),
      expected: "mode: safe",
      run: async () => ({ seen: await readMode(stage), value: undefined }),
    });
    await publishMode(stage, "enforce", "Governance enforces it: a trust policy, and no more.");
    await ask(stage, {
      id: "observed-enforced",
      title: "The same contract works.",
      args: ["observed.json", "--set", "set/mode=fast"],
      expected: "succeeded, read back matches, COMPLETED",
    });
  },
};

/** The trust policy in force with one action in another mode, signed by the anchor. */
function publishMode(
  { vai, step, work, outputs }: PlayStage,
  mode: "enforce" | "observe",
  title: string,
): Promise<void> {
  const draft = `${mode}.trust.json`;
  const key = join(REPOSITORY_ROOT, outputs.keys.anchor);
  const args = ["trust", "publish", draft, "--anchor-key", key, "--json"];
  return step({
    id: `mode-${mode}`,
    title,
    command: vai.line(args),
    expected: "PUBLISHED",
    run: async () => {
      const policy = await vai.json<TrustPolicy>(["trust", "show", "--json"]);
      writeJson(join(work, draft), withMode(policy, ACTION, mode));
      const answer = await vai.json<{ readonly state?: string }>(args);
      return { seen: answer.state ?? "refused", value: undefined };
    },
  });
}

/** What an observed answer says would have been. */
type Watched =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: string;
      readonly would?:
        | { readonly ok: true }
        | { readonly ok: false; readonly code: string; readonly stage: string };
    };

function askWatched(
  { vai, step }: PlayStage,
  { id, title, args, expected }: Ask,
): Promise<undefined> {
  const given = ["issue", ...args, "--json"];
  return step({
    id,
    title,
    command: vai.line(given),
    expected,
    run: async () => {
      const answer = await vai.json<Watched>(given);
      return { seen: answer.ok ? "granted" : wouldBe(answer), value: undefined };
    },
  });
}

function wouldBe({ code, would }: Extract<Watched, { ok: false }>): string {
  if (would === undefined) return code;
  const word = would.ok ? "granted" : `${would.code} at ${would.stage}`;
  return `${code}, it would have been ${word}`;
}
