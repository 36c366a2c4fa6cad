import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { withoutAws } from "../machine/environment.ts";
import { REPOSITORY_ROOT } from "../machine/paths.ts";
import { run } from "../machine/run.ts";
import { ensureEmulator } from "../setup.ts";
import { directDraft, writeDraft } from "./drafts.ts";
import { readMode } from "./looks.ts";
import { sign } from "./scene-trust.ts";
import type { PlayStage, Scene } from "./stage.ts";

/**
 * Three calls of a program that knows nothing of contracts, each with how AWS ended it; only the
 * first where nothing stops the others.
 */
const PROGRAM = `import json, boto3, botocore.exceptions as e, sys
table = sys.argv[1]
dynamodb = boto3.client("dynamodb")
def ended(call, **given):
    try:
        call(**given)
        return "allowed"
    except e.ClientError as error:
        return error.response["Error"]["Code"]
set_mode = dict(Key={"pk": {"S": "checkout"}}, UpdateExpression="SET #m = :m",
    ExpressionAttributeNames={"#m": "mode"}, ExpressionAttributeValues={":m": {"S": "repaired"}})
calls = [
    lambda: ended(dynamodb.update_item, TableName=table, **set_mode),
    lambda: ended(dynamodb.update_item, TableName="payments", **set_mode),
    lambda: ended(dynamodb.delete_table, TableName=table),
]
print(json.dumps([call() for call in calls[:int(sys.argv[2])]]))
`;

/** What AWS's own client does under a contract. */
export const clientScene: Scene = {
  title: "An unmodified AWS client under a contract",
  headline:
    "Where contract and class allow it, the agent gets a session: encrypted to its key, held by IAM alone, over when the contract is.",
  async play(stage) {
    writeDraft(stage.work, "repair.draft.json", directDraft(stage.outputs));
    await sign(stage, {
      name: "repair",
      title: "Governance signs: any update of one table, for five minutes.",
    });
    const [own, other, action] = await runClient(stage);
    const { table } = stage.outputs.samples;
    await shown(stage, "client-allowed", `boto3 updates ${table}.`, own, "allowed");
    const denied = "AccessDeniedException";
    await shown(stage, "client-resource", "boto3 tries another table.", other, denied);
    await shown(stage, "client-action", "boto3 tries to delete its own table.", action, denied);
    await stage.step({
      id: "client-effect",
      title: "The one that was allowed is there.",
      command: `# by SDK as deployer: dynamodb:GetItem ${table} checkout`,
      expected: "mode: repaired",
      run: async () => ({ seen: await readMode(stage), value: undefined }),
    });
  },
};

function shown(
  { step }: PlayStage,
  id: string,
  title: string,
  seen: string | undefined,
  expected: string,
): Promise<undefined> {
  return step({
    ...{ id, title, expected, command: "# by SDK as agent: client.py, as above" },
    run: async () => ({ seen: seen ?? "nothing", value: undefined }),
  });
}

/** Runs the program with a profile whose `credential_process` is `vai credentials`, and nothing else of AWS. */
function runClient(stage: PlayStage): Promise<readonly string[]> {
  const { work, outputs, outputsFile, vai, step, signal, isEnforced } = stage;
  const wanted = isEnforced ? 3 : 1;
  const main = join(REPOSITORY_ROOT, "lib", "cli", "main.js");
  const [program, config] = [join(work, "client.py"), join(work, "aws.config")];
  writeFileSync(program, PROGRAM);
  const process_ = `"${process.execPath}" "${main}" credentials repair.json --step repair`;
  const profile = [
    "[profile agent]",
    `region = ${outputs.region}`,
    `endpoint_url = ${outputs.endpoint}`,
    `credential_process = ${process_}`,
  ];
  writeFileSync(config, `${profile.join("\n")}\n`);
  return step({
    id: "client",
    title: "boto3 gets the session by its own credential_process protocol.",
    command: vai.line(["credentials", "repair.json", "--step", "repair"]),
    expected: `${wanted} calls were made`,
    run: async () => {
      const args = [program, outputs.samples.table, `${wanted}`];
      const result = await run(await ensureEmulator(), args, {
        cwd: work,
        signal,
        env: {
          ...withoutAws(process.env),
          AWS_CONFIG_FILE: config,
          AWS_PROFILE: "agent",
          VAI_OUTPUTS: outputsFile,
        },
      });
      if (result.code !== 0) throw new Error(result.stderr.trim());
      const ends = JSON.parse(result.stdout) as string[];
      return { seen: `${ends.length} calls were made`, value: ends };
    },
  });
}
