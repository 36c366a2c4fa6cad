import { proveContainment } from "../../lib/authority/contain/contain.ts";
import { deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { narrowToOperation } from "../../lib/authority/derive/narrow-operation.ts";
import { evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import { readContract } from "../../lib/contract/contract.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { readIssueRequest } from "../../lib/request/request.ts";
import { newPlane } from "../support/plane.ts";
import { fixed, type Line, medianOf } from "./measure.ts";

/** Derivation of the session policy for one call, with the proof that it lies in the contract. */
export async function measureAuthority(): Promise<Line[]> {
  const plane = await newPlane();
  const event = plane.event(plane.contract()) as Record<string, unknown>;
  const contract = readContract(event["contract"]);
  const request = readIssueRequest(event["request"]);
  if (isRefusal(contract) || isRefusal(request)) throw new Error("the event was refused");
  const [step] = contract.claims.authorization_details;
  const { operation } = request.claims;
  if (step === undefined || operation === undefined) throw new Error("no step");
  const derive = (): object => {
    const whole = deriveAuthority(contract.claims, step, plane.policy);
    const exact = deriveAuthority(
      contract.claims,
      narrowToOperation(step, operation),
      plane.policy,
    );
    if (isRefusal(whole) || isRefusal(exact)) throw new Error("refused");
    if (!proveContainment(exact.sessionPolicy, contract.claims, step).contained)
      throw new Error("not contained");
    return exact.sessionPolicy;
  };
  const milliseconds = medianOf(2000, derive);
  return [
    {
      name: "session policy and enforcement map derived twice (step, call), containment proved",
      value: `${fixed(milliseconds, 3)} ms`,
      goal: "≤ 0.3 ms",
      met: milliseconds <= 0.3,
      how: "median of 2,000 after as many to warm up; a new policy document each time",
    },
    measureEvaluator(derive(), operation, contract.claims.region),
  ];
}

function measureEvaluator(
  session: object,
  operation: { action: string; resource: string },
  region: string,
): Line {
  const identity = [
    {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: operation.action, Resource: "*" }],
    },
  ];
  const request = {
    ...operation,
    principalArn: "arn:aws:sts::000000000000:assumed-role/vai-exec/vai-session",
    context: { "aws:CurrentTime": "2026-05-05T04:00:30Z", "aws:RequestedRegion": region },
  };
  const batch = 1000;
  const milliseconds = medianOf(30, () => {
    for (let index = 0; index < batch; index++) evaluatePolicies({ identity, session }, request);
  });
  const rate = (batch / milliseconds) * 1000;
  return {
    name: "decisions of our IAM evaluator over identity and session policy",
    value: `${Math.round(rate).toLocaleString("en")} a second`,
    goal: "≥ 100,000",
    met: rate >= 100_000,
    how: "the same two documents, whole requests; one core",
  };
}
