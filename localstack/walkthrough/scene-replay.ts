import { ask } from "./issue.ts";
import { readRouting } from "./looks.ts";
import { bySdk } from "./sdk.ts";
import type { Scene } from "./stage.ts";

/** The recorded message, sent again. */
export const replayScene: Scene = {
  title: "A replay is recognised",
  headline:
    "Whoever repeats a message, by accident or on purpose, gets its answer, not its effect.",
  async play(stage) {
    const { outputs, step } = stage;
    const { revision } = await readRouting(stage);
    await ask(stage, {
      id: "replay",
      title: "The granted request of section 3 is sent again, byte for byte.",
      args: ["--event", "shift.event.json"],
      expected: "deduplicated, succeeded, read back matches, COMPLETED",
    });
    await step({
      id: "replay-no-effect",
      title: "The alias was not touched a second time.",
      command: bySdk("deployer", `lambda:GetAlias ${outputs.samples.function} live`),
      expected: "the same revision",
      run: async () => {
        const same = (await readRouting(stage)).revision === revision;
        return { seen: same ? "the same revision" : "another revision", value: undefined };
      },
    });
  },
};
