import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { Status } from "../../lib/cli/status/status.ts";
import { clientsFor } from "../deploy/clients.ts";
import { ACTOR, directDraft, settingDraft, writeDraft } from "./drafts.ts";
import { ask } from "./issue.ts";
import { order } from "./order.ts";
import { sign } from "./scene-trust.ts";
import { judged } from "./sdk.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** What an operator takes back, and what one name cannot give back. */
export const endScene: Scene = {
  title: "Authority that is taken back",
  headline:
    "By one name everything can be stopped, also what has left the plane; by two it may go on. A denial is committed before anything else, and IAM is told.",
  async play(stage) {
    await revokeDelivered(stage);
    await haltAndLift(stage);
  },
};

/** Credentials that left are called in: IAM itself denies them. */
async function revokeDelivered(stage: PlayStage): Promise<void> {
  const { work, outputs } = stage;
  writeDraft(work, "lent.draft.json", directDraft(outputs));
  const intent = await sign(stage, {
    name: "lent",
    title: "Governance signs once more: any update of one table, for five minutes.",
  });
  const session = await deliver(stage);
  const update = () => session().dynamoDb.send(new UpdateItemCommand(setMode(stage)));
  const what = `dynamodb:UpdateItem ${outputs.samples.table}`;
  const who = "session";
  await judged(stage, {
    ...{ id: "lent-works", title: "The session works.", who, what, expected: "allowed" },
    call: update,
  });
  const identity = await findLive(stage, intent);
  await order(stage, {
    id: "revoke",
    title:
      "An operator ends it: the plane refuses it from here on, and the execution role's policy denies it.",
    args: ["revoke", "identity", identity, "--reason", "the client behaves oddly"],
    expected: "REVOKED, adapter reached, iam reached, session reached",
  });
  await judged(stage, {
    ...{ id: "lent-denied", who, what, expected: "AccessDeniedException", call: update },
    title: "The same session, whose token STS would honour for minutes: denied by IAM itself.",
  });
}

/** An actor is stopped by one name, and reinstated by two. */
async function haltAndLift(stage: PlayStage): Promise<void> {
  const { work, outputs } = stage;
  writeDraft(work, "halted.draft.json", settingDraft(outputs));
  await sign(stage, { name: "halted", title: "Governance signs: one setting, as before." });
  const again = ["halted.json", "--set", "set/mode=fast"];
  const why = ["--reason", "looked into it"];
  const lift = ["lift", "actor", ACTOR.id, ...why];
  await order(stage, {
    id: "halt",
    title:
      "An operator halts the agent's actor, whatever key it has. What boto3 still holds is called in too.",
    args: ["halt", "actor", ACTOR.id, "--reason", "it behaves oddly", "--wait", "0"],
    expected: "HALTED, iam reached, session reached",
  });
  await ask(stage, {
    id: "halted",
    title: "The agent asks under a good contract.",
    args: again,
    expected: "AGENT_HALTED at state",
  });
  await order(stage, {
    id: "lift-alone",
    title: "The same operator cannot take it back alone.",
    args: lift,
    expected: "APPROVAL_REQUIRED at contract",
  });
  await saveOrder(stage, [...lift, "--out", "lift.json"]);
  await order(stage, {
    id: "lift",
    title: "A second operator looks at the order, and sends it in both names.",
    args: ["order", "send", "lift.json"],
    expected: "LIFTED",
  });
  await ask(stage, {
    id: "reinstated",
    title: "The agent asks once more.",
    args: again,
    expected: "succeeded, read back matches, COMPLETED",
  });
}

/** The agent's client gets its session; nothing of it is shown. */
function deliver({ vai, step, outputs }: PlayStage) {
  const args = ["credentials", "lent.json"];
  return step({
    id: "lent",
    title: "The agent's client gets a session. The plane holds nothing of it any more.",
    command: vai.line(args),
    expected: "a session",
    run: async () => {
      const given = await vai.json<Record<string, string>>(args);
      const credentials = {
        accessKeyId: given["AccessKeyId"] ?? "",
        secretAccessKey: given["SecretAccessKey"] ?? "",
        sessionToken: given["SessionToken"] ?? "",
      };
      const session = () => clientsFor({ endpoint: outputs.endpoint, credentials });
      return { seen: credentials.sessionToken === "" ? "none" : "a session", value: session };
    },
  });
}

/** What operators see of it. @returns the identity's id. */
function findLive({ vai, step }: PlayStage, intent: string): Promise<string> {
  const args = ["status", "--json"];
  return step({
    id: "status",
    title: "An operator sees what is alive in the plane.",
    command: vai.line(args),
    expected: "credentials of step repair, ISSUED",
    run: async () => {
      const { live } = await vai.json<Status>(args);
      const found = live.find(({ intentId }) => intentId === intent);
      const seen = found ? `${found.delivery} of step ${found.step}, ${found.state}` : "nothing";
      return { seen, detail: found?.id ?? "", value: found?.id ?? "" };
    },
  });
}

function saveOrder({ vai, step }: PlayStage, args: readonly string[]): Promise<void> {
  const given = [...args, "--json"];
  return step({
    id: "lift-saved",
    title: "It is signed, and written to a file for a second operator.",
    command: vai.line(given),
    expected: "signed, and not sent",
    run: async () => {
      const { command } = await vai.json<{ command?: string }>(given);
      return { seen: command === undefined ? "nothing" : "signed, and not sent", value: undefined };
    },
  });
}

const setMode = ({ outputs }: PlayStage) => ({
  TableName: outputs.samples.table,
  Key: { pk: { S: "checkout" } },
  UpdateExpression: "SET #m = :m",
  ExpressionAttributeNames: { "#m": "mode" },
  ExpressionAttributeValues: { ":m": { S: "lent" } },
});
