import { assumeTagged } from "./ceiling-role.ts";
import { updateAlias } from "./looks.ts";
import { judged } from "./sdk.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** Who cannot get past the plane. */
export const bypassScene: Scene = {
  title: "There is no way round the plane",
  headline: "Here IAM judges, not our code: neither the agent nor an administrator gets past it.",
  async play(stage) {
    const { outputs, as } = stage;
    const { function: name, newVersion } = outputs.samples;
    await judged(stage, {
      id: "agent-direct",
      title: "The agent's user calls the target directly: it may invoke the plane, nothing else.",
      ...{
        who: "agent",
        what: `lambda:UpdateAlias ${name} live`,
        expected: "AccessDeniedException",
      },
      call: () => updateAlias(as("agent"), name, newVersion),
    });
    const roleArn = await executionRoleOf(stage, "lambda:UpdateAlias");
    for (const who of ["agent", "deployer"] as const) {
      const isAdministrator = who === "deployer" ? ", an administrator," : "'s user";
      await judged(stage, {
        id: `assume-${who}`,
        title: `The ${who}${isAdministrator} tries to assume the plane's execution role.`,
        ...{ who, what: `sts:AssumeRole ${roleArn.split("/")[1]}`, expected: "AccessDenied" },
        call: () => assumeTagged(as(who), { roleArn }, true),
      });
    }
  },
};

async function executionRoleOf({ vai }: PlayStage, action: string): Promise<string> {
  interface Shown {
    readonly actions: readonly { readonly action: string; readonly executionRoleArn: string }[];
  }
  const { actions } = await vai.json<Shown>(["trust", "show", "--json"]);
  const found = actions.find((each) => each.action === action);
  if (!found) throw new Error(`the trust policy does not open ${action}`);
  return found.executionRoleArn;
}
