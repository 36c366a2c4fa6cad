import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureEmulator } from "../setup.ts";
import { briefDraft, writeDraft } from "./drafts.ts";
import { sign } from "./scene-trust.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** Seconds: long enough to be issued and used once, however slow the machine. */
const WINDOW = 20;

/**
 * A program that holds a session in its environment and knows of no end (boto3 would not ask AWS any more behind the one that
 * it is told): it writes until it is refused, waits a second more, and tells how the first, and how the last of its calls ended.
 */
const PROGRAM = `import json, boto3, botocore.exceptions as e, os, sys, time
os.environ.pop("AWS_CREDENTIAL_EXPIRATION", None)
dynamodb = boto3.client("dynamodb")
def ended():
    try:
        dynamodb.update_item(TableName=sys.argv[1], Key={"pk": {"S": "checkout"}},
            UpdateExpression="SET #m = :m", ExpressionAttributeNames={"#m": "mode"},
            ExpressionAttributeValues={":m": {"S": "repaired"}})
        return "allowed"
    except e.ClientError as error:
        return error.response["Error"]["Code"]
first, until = ended(), time.time() + 60
while ended() == "allowed" and time.time() < until:
    time.sleep(0.5)
time.sleep(1)
print(json.dumps([first, ended()]))
`;

/** What is left of a session when its contract is over. */
export const windowScene: Scene = {
  title: "A window of seconds, under an unmodified AWS client",
  headline: `AWS gives sessions for 15 minutes at least. What leaves the plane is cut to the contract's window: here ${WINDOW} seconds. Nobody has to end it.`,
  async play(stage) {
    writeDraft(stage.work, "moment.draft.json", briefDraft(stage.outputs, WINDOW));
    await sign(stage, {
      name: "moment",
      title: `Governance signs: any update of one table, for ${WINDOW} seconds.`,
    });
    const [first, last] = await runProgram(stage);
    const command = "# by SDK as agent: moment.py, as above";
    await stage.step({
      ...{ id: "window-open", title: "Its first call, within the window.", command },
      expected: "allowed",
      run: async () => ({ seen: first ?? "nothing", value: undefined }),
    });
    await stage.step({
      ...{ id: "window-over", title: "Its last call: the session is no more.", command },
      expected: "ExpiredTokenException",
      run: async () => ({ seen: last ?? "nothing", value: undefined }),
    });
  },
};

function runProgram({ work, outputs, vai, step }: PlayStage): Promise<readonly string[]> {
  const program = join(work, "moment.py");
  writeFileSync(program, PROGRAM);
  const { table } = outputs.samples;
  const args = ["credentials", "moment.json", "--step", "repair", "--"];
  return step({
    id: "window",
    title: "boto3 gets the session in its environment, and writes until it may not any more.",
    command: vai.line([...args, "python", "moment.py", table]),
    expected: "it was refused in the end",
    run: async () => {
      const ends = await vai.json<string[]>([...args, await ensureEmulator(), program, table]);
      const seen = ends[1] === "allowed" ? "it was never refused" : "it was refused in the end";
      return { seen, value: ends };
    },
  });
}
