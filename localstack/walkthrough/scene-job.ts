import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { ask } from "./issue.ts";
import { readMode, readRouting } from "./looks.ts";
import { bySdk } from "./sdk.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** What the agent is for. */
export const jobScene: Scene = {
  title: "The agent does its job",
  headline: "The plane checks contract and request, runs the one call itself, reads back, records.",
  async play(stage) {
    await look(stage, "traffic-before", "Before: all traffic goes to version 1.", "100 %");
    await ask(stage, {
      id: "grant-shift",
      title: "The agent asks for 10 %, as its contract allows. No credential reaches it.",
      args: ["shift.json", "--set", "percent=10", "--save-event", "shift.event.json"],
      expected: "succeeded, read back matches, COMPLETED",
    });
    const version = stage.outputs.samples.newVersion;
    const after = `90 %, version ${version}: 10 %`;
    await look(stage, "traffic-after", "AWS itself, asked past the plane, confirms it.", after);
    await changeSetting(stage);
  },
};

function look(stage: PlayStage, id: string, title: string, share: string): Promise<void> {
  return stage.step({
    ...{
      id,
      title,
      command: bySdk("deployer", `lambda:GetAlias ${stage.outputs.samples.function} live`),
    },
    expected: `version 1: ${share}`,
    run: async () => ({ seen: (await readRouting(stage)).traffic, value: undefined }),
  });
}

async function changeSetting(stage: PlayStage): Promise<void> {
  const { as, outputs, step } = stage;
  const { table } = outputs.samples;
  await step({
    id: "setting-before",
    title: "A service's setting, as its team put it there.",
    command: bySdk("deployer", `dynamodb:PutItem, GetItem ${table} checkout`),
    expected: "mode: safe",
    run: async () => {
      const Item = { pk: { S: "checkout" }, mode: { S: "safe" } };
      await as("deployer").dynamoDb.send(new PutItemCommand({ TableName: table, Item }));
      return { seen: await readMode(stage), value: undefined };
    },
  });
  await ask(stage, {
    id: "grant-setting",
    title: "The agent changes it, under the other contract and another action.",
    args: ["setting.json", "--set", "set/mode=fast"],
    expected: "succeeded, read back matches, COMPLETED",
  });
  await step({
    id: "setting-after",
    title: "The table has it.",
    command: bySdk("deployer", `dynamodb:GetItem ${table} checkout`),
    expected: "mode: fast",
    run: async () => ({ seen: await readMode(stage), value: undefined }),
  });
}
