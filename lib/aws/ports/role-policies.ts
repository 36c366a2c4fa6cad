import { GetRolePolicyCommand, type IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import type { RolePolicies } from "../../lifecycle/ports.ts";
import { REVOCATIONS } from "../../lifecycle/revocation-policy.ts";
import { Fault } from "../../refusal.ts";
import { errorName } from "./faults.ts";

/**
 * Errors of IAM that say no for good, with or without the suffix of the SDK's classes (IAM API reference, PutRolePolicy
 * and "Common errors"). Whatever else comes back may pass: nobody knows then.
 */
const REFUSALS: ReadonlySet<string> = new Set([
  "AccessDenied",
  "InvalidClientTokenId",
  "InvalidInput",
  "LimitExceeded",
  "MalformedPolicyDocument",
  "NoSuchEntity",
  "OptInRequired",
  "UnmodifiableEntity",
  "UnrecognizedClient",
  "ValidationError",
]);

/** The policy `vai-revocations` of roles, in IAM. */
export class IamRolePolicies implements RolePolicies {
  readonly #client: IAMClient;

  constructor(client: IAMClient) {
    this.#client = client;
  }

  async read(role: string): Promise<string | undefined> {
    try {
      const { PolicyDocument = "" } = await this.#client.send(new GetRolePolicyCommand(of(role)));
      return decoded(PolicyDocument);
    } catch (error) {
      if (plainName(error) === "NoSuchEntity") return undefined;
      throw faultOf("iam:GetRolePolicy", error);
    }
  }

  async write(role: string, document: string): Promise<void> {
    try {
      await this.#client.send(new PutRolePolicyCommand({ ...of(role), PolicyDocument: document }));
    } catch (error) {
      throw faultOf("iam:PutRolePolicy", error);
    }
  }
}

const of = (role: string) => ({
  RoleName: role.slice(role.lastIndexOf("/") + 1),
  PolicyName: REVOCATIONS,
});

/** IAM answers documents URL-encoded (RFC 3986). */
function decoded(document: string): string {
  try {
    return decodeURIComponent(document);
  } catch {
    return document;
  }
}

const plainName = (error: unknown): string => errorName(error).replace(/Exception$/, "");

const faultOf = (api: string, error: unknown): Fault =>
  new Fault(
    REFUSALS.has(plainName(error)) ? "REVOCATION_FAILED" : "DEPENDENCY_UNAVAILABLE",
    `${api} failed: ${errorName(error)}`,
    error,
  );
