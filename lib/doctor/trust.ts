import type { RegistryLook } from "../aws/inspect/inspect.ts";
import type { KeyFacts } from "../aws/inspect/keys.ts";
import type { Seen } from "../aws/inspect/look.ts";
import { vaiLine } from "../cli/self.ts";
import { toInstant, toSeconds } from "../clock.ts";
import { ENV, type PlaneId, parsePlaneId } from "../config.ts";
import { jwkThumbprint, readPublicJwk, type VerificationKey } from "../encoding/jwk.ts";
import { judgeExpiry, openRegistry } from "../enforcement/read/trust-snapshot.ts";
import { isRefusal } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { planeKeysAt } from "../trust/read.ts";
import { about, allOr, type Finding, type FindingSubject, whenSeen } from "./finding.ts";
import type { SigningKeyUse } from "./keys.ts";
import type { Expected } from "./plane.ts";

const DAY = 24 * 60 * 60 * 1000;
/** Milliseconds: when a team should publish the next policy rather than be surprised. */
const SOON = 7 * DAY;
const PUBLISH = `publish the next trust policy: ${vaiLine("trust", "publish", "DRAFT", "--anchor-key", "FILE")}`;

/** What of the trust policy the other checks need. */
export interface TrustFindings {
  readonly findings: readonly Finding[];
  readonly policy: TrustPolicy | undefined;
}

/**
 * The trust policy in force, judged as the functions judge it: same code, same pinned anchors. `environment` is a
 * function's; `now` in milliseconds.
 */
export function checkTrust(
  registry: Seen<RegistryLook>,
  environment: Readonly<Record<string, string>>,
  keys: readonly (readonly [SigningKeyUse, KeyFacts])[],
  { deployment }: Expected,
  now: number,
): TrustFindings {
  const subject = about("trust policy");
  const none = (...findings: readonly Finding[]): TrustFindings => ({
    findings,
    policy: undefined,
  });
  if (registry.status === "unseen") return none(subject.unseen(registry.why));
  const anchors = readAnchors(environment[ENV.anchors]);
  if (anchors === undefined) return none(subject.unseen("no function said which anchors it pins"));
  if (registry.status === "absent") return none(subject.problem("there is none", PUBLISH));
  const plane = parsePlaneId(deployment.plane) as PlaneId;
  const { heads, documents } = registry.value;
  const opened = openRegistry(heads, documents, plane, anchors);
  const judged = isRefusal(opened) ? opened : (judgeExpiry(opened, now) ?? opened);
  if (isRefusal(judged))
    return none(subject.problem(judged.detail, "nothing is granted until this is done"));
  const { policy } = judged;
  return {
    policy,
    findings: [
      ...checkTime(subject, policy, now),
      ...checkAnchor(subject, anchors, deployment.anchor),
      ...keys.flatMap(([use, facts]) => checkKeyIn(subject, policy, use, facts, now)),
    ],
  };
}

function readAnchors(text: string | undefined): VerificationKey[] | undefined {
  try {
    const keys = (JSON.parse(text ?? "") as unknown[]).map(readPublicJwk);
    return keys.filter((key): key is VerificationKey => typeof key !== "string");
  } catch {
    return undefined;
  }
}

function checkTime(
  subject: FindingSubject,
  { version, exp }: TrustPolicy,
  now: number,
): readonly Finding[] {
  const left = exp * 1000 - now;
  const until = toInstant(exp * 1000);
  return [
    left < SOON
      ? subject.problem(
          `version ${version} ends at ${until}, in less than ${left < DAY ? "a day" : `${Math.ceil(left / DAY)} days`}; nothing is granted after it`,
          PUBLISH,
        )
      : subject.ok(`version ${version}, signed by a pinned anchor, valid until ${until}`),
  ];
}

/** An anchor that only the outputs file names is one that people verify by in vain. */
const checkAnchor = (
  subject: FindingSubject,
  anchors: readonly VerificationKey[],
  named: string | undefined,
): readonly Finding[] =>
  named === undefined || anchors.some(({ thumbprint }) => thumbprint === named)
    ? []
    : [
        subject.problem(
          `the outputs file names anchor ${named}; the functions pin ${anchors.map(({ thumbprint }) => thumbprint).join(", ")}`,
          "take the outputs of this deployment, or find out who deployed another anchor",
        ),
      ];

const checkKeyIn = (
  subject: FindingSubject,
  policy: TrustPolicy,
  use: SigningKeyUse,
  { thumbprint }: KeyFacts,
  now: number,
): readonly Finding[] =>
  whenSeen(thumbprint, subject, [], (jkt) => {
    const isListed = planeKeysAt(policy, use, toSeconds(now)).some(
      ({ key }) => jwkThumbprint(key) === jkt,
    );
    return allOr(subject.ok(`lists the ${use} key in use`), [
      !isListed &&
        subject.problem(
          `does not list the ${use} key that the functions sign with: they refuse every request`,
          PUBLISH,
        ),
    ]);
  });
