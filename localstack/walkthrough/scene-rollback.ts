import { setTimeout as sleep } from "node:timers/promises";
import { QueryCommand } from "@aws-sdk/client-dynamodb";
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { rollbackDraft, writeDraft } from "./drafts.ts";
import type { Answer } from "./issue.ts";
import { sign } from "./scene-trust.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** Milliseconds between two looks at the evidence, and how long is looked. */
const PAUSE = 250;
const LONGEST = 25_000;

/** An effect that nobody sees is taken back, as its contract says. */
export const rollbackScene: Scene = {
  title: "An effect that is taken back",
  headline:
    "A contract that says what undoes it. For some seconds the read-only role may not look, so nobody sees the effect in time: the plane takes it back, with a session of its own.",
  async play(stage) {
    writeDraft(stage.work, "undone.draft.json", rollbackDraft(stage.outputs));
    const title = "Governance signs a contract with a rollback.";
    const intentId = await sign(stage, { name: "undone", title });
    await undo(stage, `intent/${intentId}`);
  },
};

function undo(stage: PlayStage, chainId: string): Promise<void> {
  const args = ["issue", "undone.json", "--set", "set/mode=fast", "--json"];
  return stage.step({
    id: "rolled-back",
    title: "The agent switches; nobody sees it within two seconds.",
    command: stage.vai.line(args),
    expected: stage.isEnforced
      ? "succeeded, not seen; rollback succeeded, INCOMPLETE"
      : "succeeded, COMPLETED",
    run: async () => {
      const answer = await blindly(stage, chainId, () => stage.vai.json<Answer>(args));
      return { seen: wordsOf(answer), value: undefined };
    },
  });
}

function wordsOf(answer: Answer): string {
  if (!answer.ok) return `${answer.code} at ${answer.stage}`;
  const { outcome, identity } = answer;
  const { rollback } = outcome ?? {};
  const back = rollback === undefined ? "" : `, not seen; rollback ${rollback.status}`;
  return `${outcome?.status ?? "no outcome"}${back}, ${identity.state}`;
}

/** The reader role sees nothing, until evidence says that the effect is to be taken back. */
async function blindly<T>(
  { as, outputs }: PlayStage,
  chainId: string,
  work: () => Promise<T>,
): Promise<T> {
  const { iam } = as("deployer");
  const RoleName = `vai-${outputs.plane.split(":").at(-1)}-read-dynamodb`;
  const policy = { RoleName, PolicyName: "walkthrough-blind" };
  const Statement = [{ Effect: "Deny", Action: "dynamodb:GetItem", Resource: "*" }];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }));
  const see = () => iam.send(new DeleteRolePolicyCommand(policy)).catch(() => {});
  try {
    const [done] = await Promise.all([work(), triggered({ as, outputs }, chainId).then(see)]);
    return done;
  } finally {
    await see();
  }
}

async function triggered(
  { as, outputs }: Pick<PlayStage, "as" | "outputs">,
  chainId: string,
): Promise<void> {
  const { dynamoDb } = as("auditor");
  const query = new QueryCommand({
    TableName: outputs.tables.evidence,
    KeyConditionExpression: "chainId = :chain",
    ExpressionAttributeValues: { ":chain": { S: chainId } },
  });
  for (let waited = 0; waited < LONGEST; waited += PAUSE) {
    const { Items = [] } = await dynamoDb.send(query);
    if (Items.some((item) => item["eventType"]?.S === "RollbackTriggered")) return;
    await sleep(PAUSE);
  }
}
