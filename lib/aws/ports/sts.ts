import {
  AssumeRoleCommand,
  GetScopedCredentialsCommand,
  type STSClient,
} from "@aws-sdk/client-sts";
import type { AwsCredentials } from "../../actions/client-settings.ts";
import type { TargetKeys } from "../../actions/target-keys.ts";
import type { Clock } from "../../clock.ts";
import {
  type AssumeRole,
  type AssumeRoleInput,
  issuedSession,
  SESSION_SECONDS,
} from "../../issuance/assume-role.ts";
import type { CutSession } from "../../issuance/cut-session.ts";
import { Fault } from "../../refusal.ts";
import { errorName, orFault } from "./faults.ts";
import { readerPolicy } from "./reader-policy.ts";

/** Milliseconds before its end at which a cached reader session is renewed. */
const RENEW_BEFORE = 120_000;

/** One AssumeRole by a client that never repeats: the client must have one attempt (VAI-100). */
export const assumeRoleBy =
  (client: STSClient): AssumeRole =>
  async (input: AssumeRoleInput) => {
    try {
      return await client.send(new AssumeRoleCommand({ ...input, Tags: [...input.Tags] }));
    } catch (error) {
      throw failed("sts:AssumeRole", error);
    }
  };

/**
 * One GetScopedCredentials by a client that calls as the session itself and never repeats. It must be the region's STS:
 * the global one does not know the call (AWS STS API reference, GetScopedCredentials).
 */
export const cutSessionBy =
  (clientOf: (credentials: AwsCredentials) => STSClient): CutSession =>
  async (session, input) => {
    try {
      return await clientOf(session.reveal()).send(new GetScopedCredentialsCommand(input));
    } catch (error) {
      throw failed("sts:GetScopedCredentials", error);
    }
  };

function failed(call: string, error: unknown): Fault {
  const name = errorName(error);
  const code = name.startsWith("PackedPolicyTooLarge") ? "SESSION_POLICY_TOO_LARGE" : "STS_FAILED";
  return new Fault(code, `${call} failed: ${name}`, error);
}

/** What readers look at: ARNs by family, and the keys of those that are encrypted. */
export interface Readable {
  readonly targets: Readonly<Record<string, readonly string[]>>;
  readonly targetKeys: TargetKeys;
}

/**
 * Sessions of the reader roles, cached by family and role: named `vai-reader`, with a session policy of the family's reads
 * on the configured targets (PROTOCOL.md §9). They live apart from contracts.
 */
export function readerCredentialsBy(
  client: STSClient,
  { targets, targetKeys }: Readable,
  clock: Clock,
  region: string,
): (roleArn: string, family: string) => Promise<AwsCredentials> {
  const cache = new Map<string, { credentials: AwsCredentials; until: number }>();
  return (roleArn, family) =>
    orFault("DEPENDENCY_UNAVAILABLE", "assuming the reader role", async () => {
      const name = `${family} ${roleArn}`;
      const known = cache.get(name);
      if (known !== undefined && clock() < known.until) return known.credentials;
      const answer = await client.send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          RoleSessionName: "vai-reader",
          DurationSeconds: SESSION_SECONDS,
          Policy: JSON.stringify(readerPolicy(family, targets[family] ?? [], region, targetKeys)),
        }),
      );
      const session = issuedSession(answer);
      const until = Date.parse(session.hardExpiry) - RENEW_BEFORE;
      // One object for one session: what reads by it is kept as long as it, and no longer.
      const credentials = session.reveal();
      cache.set(name, { credentials, until });
      return credentials;
    });
}
