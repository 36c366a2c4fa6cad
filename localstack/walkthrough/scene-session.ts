import { type Clients, clientsFor } from "../deploy/clients.ts";
import type { AwsCredentials } from "../machine/start-processes.ts";
import { assumeTagged, withCeilingRole } from "./ceiling-role.ts";
import { getAlias, updateAlias } from "./looks.ts";
import type { Policy } from "./scene-trust.ts";
import { bySdk, judged, outcomeOf } from "./sdk.ts";
import type { PlayStage, Scene } from "./stage.ts";

/** What IAM says of the session policy itself. */
export const sessionScene: Scene = {
  title: "The session that the plane obtains, held by IAM",
  headline:
    "The plane's credentials never leave it. So the deployer makes a role that may do more than the contract, and a session of it with exactly the policy that `vai policy` printed.",
  async play(stage) {
    const { vai, as } = stage;
    const { sessionPolicy } = await vai.json<Policy>(["policy", "shift.json", "--json"]);
    await withCeilingRole(as("deployer"), async (roleArn) => {
      const bare = await assumeTagged(as("deployer"), { roleArn });
      const policy = JSON.stringify(sessionPolicy);
      const session = await assumeTagged(as("deployer"), { roleArn, policy });
      await probeSession(stage, bare, session);
    });
  },
};

async function probeSession(
  stage: PlayStage,
  bare: AwsCredentials,
  session: AwsCredentials,
): Promise<void> {
  const { endpoint, samples } = stage.outputs;
  const { function: name, newVersion } = samples;
  const using = (credentials: AwsCredentials, region?: string): Clients =>
    clientsFor({ endpoint, credentials, ...(region !== undefined && { region }) });
  const update = (clients: Clients, to = name) => updateAlias(clients, to, newVersion);
  const denied = { who: "session", expected: "AccessDeniedException" };
  await compare(stage, [
    () => update(using(bare), "payments"),
    () => getAlias(using(bare), name),
    () => update(using(bare, "eu-west-1")),
  ]);
  await judged(stage, {
    id: "session-allowed",
    title: "The session makes the call that the contract allows.",
    ...{ who: "session", what: `lambda:UpdateAlias ${name} live`, expected: "allowed" },
    call: () => update(using(session)),
  });
  await judged(stage, {
    ...{ ...denied, id: "session-resource", title: "The session tries another service." },
    what: "lambda:UpdateAlias payments live",
    call: () => update(using(session), "payments"),
  });
  await judged(stage, {
    ...{
      ...denied,
      id: "session-action",
      title: "The session tries another action, on its own service.",
    },
    what: `lambda:GetAlias ${name} live`,
    call: () => getAlias(using(session), name),
  });
  await judged(stage, {
    ...{ ...denied, id: "session-region", title: "The session tries another region." },
    what: `lambda:UpdateAlias ${name} live, in eu-west-1`,
    call: () => update(using(session, "eu-west-1")),
  });
}

/** The calls that the session is denied below, by the role alone: past IAM, to what is not there. */
function compare(stage: PlayStage, calls: readonly (() => Promise<unknown>)[]): Promise<void> {
  return stage.step({
    id: "role-alone",
    title: "For comparison, the role without that policy: IAM lets through what it denies below.",
    command: bySdk("role", "the three calls that the session tries below"),
    expected: "ResourceNotFoundException, allowed, ResourceNotFoundException",
    run: async () => {
      const outcomes = await Promise.all(calls.map((call) => outcomeOf(call())));
      return { seen: outcomes.map(({ seen }) => seen).join(", "), value: undefined };
    },
  });
}
