import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import type { IdentityStory } from "../../lib/audit/identity.ts";
import type { Status } from "../../lib/cli/status/status.ts";
import { errandDraft, watchedDraft, writeDraft } from "./drafts.ts";
import { type Answer, ask } from "./issue.ts";
import { order } from "./order.ts";
import { sign } from "./scene-trust.ts";
import { bySdk } from "./sdk.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** What an operator sees on a bad day. */
export const statusScene: Scene = {
  title: "What operators see",
  headline:
    "On a bad day IAM refuses and KMS is silent. One command shows what is live, pending, about to end, refused, stopped and owed; another tells of one identity all that evidence has.",
  async play(stage) {
    const { work, outputs } = stage;
    writeDraft(work, "watched.draft.json", watchedDraft(outputs));
    await sign(stage, { name: "watched", title: "Governance signs: one setting, three handles." });
    writeDraft(work, "errand.draft.json", errandDraft(outputs));
    const errand = await sign(stage, { name: "errand", title: "And two sessions, soon over." });
    const [live, owed] = [await hold(stage, "watched-1"), await hold(stage, "watched-2")];
    const delivered = await deliver(stage, errand);
    const reason = ["--reason", "a bad day", "--wait", "0"];
    await order(stage, {
      id: "halt-other",
      title: "An operator halts another actor.",
      args: ["halt", "--actor", OTHER, ...reason],
      expected: "HALTED",
    });
    // An endpoint that enforces no IAM can refuse nothing.
    if (stage.isEnforced) {
      await denied(stage, "iam:PutRolePolicy", () =>
        order(stage, {
          id: "revoke-unreached",
          title:
            "IAM does not take the denial of a session: that is recorded, and its role quarantined.",
          args: ["revoke", "identity", delivered, ...reason],
          expected: "REVOCATION_FAILED at execution",
        }),
      );
      await denied(stage, "kms:Sign", () =>
        order(stage, {
          id: "revoke-owed",
          title:
            "Nothing can be sealed now: the denial stands all the same, and its record is owed.",
          args: ["revoke", "identity", owed, ...reason],
          expected: "REVOKED, its record owed",
        }),
      );
    }
    await look(stage, { live, owed, delivered });
    await tell(stage, delivered);
  },
};

/** Nobody who does anything here. */
const OTHER = "spiffe://example.org/agent/other";

/** @returns the identity's id. */
async function hold(stage: PlayStage, name: string): Promise<string> {
  const answer: Answer = await ask(stage, {
    id: name,
    title: "The agent asks for a handle, and keeps it.",
    args: [
      ...["watched.json", "--delivery", "handle", "--set", "set/mode=safe"],
      ...["--out", `${name}.handle.json`],
    ],
    expected: "a handle, ISSUED",
  });
  return answer.ok ? answer.identity.identityId : "";
}

/** The agent's client gets a session; nothing of it is kept. @returns the identity's id. */
function deliver({ vai, step }: PlayStage, intent: string): Promise<string> {
  const args = ["credentials", "errand.json"];
  return step({
    id: "errand",
    title: "The agent's client gets a session.",
    command: vai.line(args),
    expected: "a session",
    run: async () => {
      const given = await vai.json<Record<string, string>>(args);
      const { live } = await vai.json<Status>(["status", "--json"]);
      const found = live.find(({ intentId }) => intentId === intent);
      const seen = given["SessionToken"] === undefined ? "none" : "a session";
      return { seen, value: found?.id ?? "" };
    },
  });
}

/** Something is denied to the function of commands while an order is given, as by an administrator's mistake. */
async function denied(
  { as, outputs, step }: PlayStage,
  action: string,
  during: () => Promise<void>,
): Promise<void> {
  const { iam } = as("deployer");
  const policy = { RoleName: outputs.functions.revoke, PolicyName: "walkthrough-bad-day" };
  const Statement = [{ Effect: "Deny", Action: action, Resource: "*" }];
  await step({
    id: `deny-${action.split(":")[0]}`,
    title: `An administrator's mistake: the function of commands may not ${action}.`,
    command: bySdk("deployer", `iam:PutRolePolicy ${policy.RoleName} ${policy.PolicyName}`),
    expected: "put",
    run: async () => {
      const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
      await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }));
      return { seen: "put", value: undefined };
    },
  });
  try {
    await during();
  } finally {
    await iam.send(new DeleteRolePolicyCommand(policy));
  }
}

/** What each view must show, by a name of it. */
interface Seeded {
  readonly live: string;
  readonly owed: string;
  readonly delivered: string;
}

function look({ vai, step, isEnforced }: PlayStage, seeded: Seeded): Promise<void> {
  const args = ["status", "--within", "210"];
  const bad = isEnforced ? ["quarantined", "owed"] : [];
  return step({
    id: "status-all",
    title: "An operator sees one of each.",
    command: vai.line(args),
    expected: ["live", "pending", "expiring", "blocked", "halted", ...bad].join(", "),
    run: async () => {
      const status = await vai.json<Status>([...args, "--json"]);
      const { text } = await vai.run(args);
      const isThere: Readonly<Record<string, boolean>> = {
        live: status.live.some(({ id, denied }) => id === seeded.live && denied === undefined),
        pending: status.pending.length > status.expiring.length,
        expiring: status.expiring.length > 0,
        blocked: status.blocked.length > 0,
        halted: status.halted.some((halt) => halt.scope === "actor" && halt.actor === OTHER),
        quarantined: status.quarantined.length === 1,
        owed:
          status.owed.length === 1 &&
          status.live.some(({ id, denied }) => id === seeded.owed && denied === true),
      };
      const seen = Object.keys(isThere).filter((view) => isThere[view] === true);
      const lines = text.split("\n").filter((line) => !line.startsWith("blocked"));
      return { seen: seen.join(", "), lines, value: undefined };
    },
  });
}

function tell({ vai, step, isEnforced }: PlayStage, id: string): Promise<void> {
  const args = ["identity", id];
  return step({
    id: "identity",
    title:
      "An auditor asks about the session that IAM was not told of: six answers, from verified evidence.",
    command: vai.line(args),
    expected: isEnforced ? "REVOKED, RevocationFailed" : "no record of its end",
    run: async () => {
      const { end, failures } = await vai.json<IdentityStory>([...args, "--json"]);
      const { text } = await vai.run(args);
      const state = /REVOKED|no record of its end/.exec(end[0] ?? "")?.[0] ?? "nothing";
      const failed = failures.some((each) => each.startsWith("RevocationFailed"));
      const seen = [state, ...(failed ? ["RevocationFailed"] : [])].join(", ");
      return { seen, lines: text.split("\n"), value: undefined };
    },
  });
}
