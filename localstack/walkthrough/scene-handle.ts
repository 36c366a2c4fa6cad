import { laterDraft, writeDraft } from "./drafts.ts";
import { ask } from "./issue.ts";
import { readMode } from "./looks.ts";
import { sign } from "./scene-trust.ts";
import { bySdk } from "./sdk.ts";
import type { Scene } from "./stage.ts";

/** Authority that waits. */
export const handleScene: Scene = {
  title: "A handle: authority that waits, and that no thief can use",
  headline:
    "The plane keeps the authority and gives a handle. It is worth one call, to one key, until it ends.",
  async play(stage) {
    const { work, outputs, step } = stage;
    writeDraft(work, "later.draft.json", laterDraft(outputs));
    await sign(stage, {
      name: "later",
      title: "Governance signs: the setting, back to safe, later.",
    });
    await ask(stage, {
      id: "handle",
      title: "The agent asks for a handle. No session exists yet, and STS was not asked.",
      args: [
        ...["later.json", "--delivery", "handle", "--set", "set/mode=safe"],
        ...["--out", "later.handle.json"],
      ],
      expected: "a handle, ISSUED",
    });
    await ask(stage, {
      id: "handle-thief",
      use: "execute",
      title: "A thief has the handle and the contract, and signs with a key of its own.",
      args: ["later.handle.json", "--key", "thief.json"],
      expected: "EXECUTOR_MISMATCH at executor",
    });
    await ask(stage, {
      id: "handle-redeemed",
      use: "execute",
      title: "The agent redeems it: everything is proved again, then the one call is made.",
      args: ["later.handle.json"],
      expected: "succeeded, read back matches, COMPLETED",
    });
    await step({
      id: "handle-effect",
      title: "The table has it.",
      command: bySdk("deployer", `dynamodb:GetItem ${outputs.samples.table} checkout`),
      expected: "mode: safe",
      run: async () => ({ seen: await readMode(stage), value: undefined }),
    });
    await ask(stage, {
      id: "handle-twice",
      use: "execute",
      title: "A second time, with a request of its own, it is worth nothing.",
      args: ["later.handle.json"],
      expected: "DUPLICATE_EXECUTION at state",
    });
  },
};
