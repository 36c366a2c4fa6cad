import type { ContractPlace } from "../evaluate/arn.ts";
import type { CompiledPolicy } from "../evaluate/policies.ts";
import { type PreparedRequest, prepareRequest } from "../evaluate/request-context.ts";
import { compileDocument } from "../evaluate/statement.ts";
import type { Witness } from "./probes.ts";

/**
 * Who asks in probes: a session of a role where the contract lives. A principal of another account
 * would be refused everything, and every probe with it.
 */
export interface Prober {
  /** To the session itself: the grant that no session policy limits (IAM user guide, policy evaluation logic). */
  readonly toSession: CompiledPolicy;
  /** To its role: limited by the session policy, and what a resource elsewhere must add. */
  readonly toRole: CompiledPolicy;
  prepare(request: Witness): PreparedRequest;
}

export function proberIn({ partition = "aws", account }: ContractPlace): Prober {
  const principalArn = `arn:${partition}:sts::${account}:assumed-role/vai-probe/vai-probe`;
  return {
    toSession: grantOf(principalArn),
    toRole: grantOf(`arn:${partition}:iam::${account}:role/vai-probe`),
    prepare: (request) => prepareRequest({ ...request, principalArn }),
  };
}

const grantOf = (AWS: string): CompiledPolicy =>
  compileDocument({
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Principal: { AWS }, Action: "*", Resource: "*" },
  });
