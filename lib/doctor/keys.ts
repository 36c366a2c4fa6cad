import type { PolicyDocument } from "../authority/evaluate/iam-document.ts";
import type { KeyFacts, KeySetting } from "../aws/inspect/keys.ts";
import { lets, withPolicies } from "./ask.ts";
import { about, allOr, type Finding, type Subject, whenSeen } from "./finding.ts";
import {
  administrators,
  type Expected,
  FUNCTION_NAMES,
  type FunctionName,
  sessionOf,
} from "./plane.ts";

export type KeyUse = "evidence" | "plane";

/** Who must sign with which key; nobody else may. */
const SIGNERS: Readonly<Record<KeyUse, readonly FunctionName[]>> = {
  evidence: FUNCTION_NAMES,
  plane: ["issue"],
};

const DIGESTS_ONLY = {
  "kms:SigningAlgorithm": "ECDSA_SHA_256",
  "kms:MessageType": "DIGEST",
} as const;
const OWNER =
  "correct the key's policy; if the key is the stack's own, npx cdk deploy --revert-drift in infra/ does";

/** One signing key: what it is, and who can sign with it. Rotation is not offered for such keys (KMS developer guide). */
export function checkKey(use: KeyUse, facts: KeyFacts, expected: Expected): readonly Finding[] {
  const subject = about(`key ${use} (${facts.id})`);
  const missing = subject.problem(
    "there is no such key",
    "cancel its deletion if it is pending; else bring up a new key and publish it in the trust policy",
  );
  const { setting, policy, aliased, alias } = facts;
  const settings = whenSeen(setting, subject, missing, (value) => checkSetting(subject, value));
  if (setting.status !== "seen") return settings;
  return [
    ...settings,
    ...whenSeen(aliased, subject, [], (arn) =>
      arn === setting.value.arn
        ? []
        : [
            subject.problem(
              `${alias} leads to another key, ${arn}`,
              "point the alias to the key that the functions use, or remove it: people will look at the wrong one",
            ),
          ],
    ),
    ...whenSeen(policy, subject, [], (text) =>
      withPolicies(subject, [text], ([document]) =>
        checkPolicy(use, subject, document as PolicyDocument, setting.value.arn, expected),
      ),
    ),
  ];
}

const checkSetting = (subject: Subject, { spec, usage, state }: KeySetting): readonly Finding[] =>
  allOr(subject.ok(`${spec}, ${usage}, enabled`), [
    spec !== "ECC_NIST_P256" &&
      subject.problem(`is of spec ${spec}, not ECC_NIST_P256`, "bring a P-256 signing key"),
    usage !== "SIGN_VERIFY" &&
      subject.problem(`is for ${usage}, not SIGN_VERIFY`, "bring a P-256 signing key"),
    state !== "Enabled" &&
      subject.problem(`is ${state}: nothing can be signed`, "enable it, or cancel its deletion"),
  ]);

function checkPolicy(
  use: KeyUse,
  subject: Subject,
  policy: PolicyDocument,
  resource: string,
  expected: Expected,
): readonly Finding[] {
  const { arn: arnOf, roles } = expected;
  const may = (principalArn: string, action: string, context: Readonly<Record<string, string>>) =>
    lets(policy, { action, resource, principalArn, context });
  const signers = SIGNERS[use].map((name) => ({ name, session: sessionOf(roles[name]) }));
  const others = FUNCTION_NAMES.filter((name) => !SIGNERS[use].includes(name)).map((name) =>
    sessionOf(roles[name]),
  );
  const strangers = [...administrators(expected), arnOf("iam", "root"), ...others];
  const mute = signers.filter(({ session }) => !may(session, "kms:Sign", DIGESTS_ONLY));
  const signing = strangers.filter((arn) => may(arn, "kms:Sign", DIGESTS_ONLY));
  const granting = strangers.filter((arn) => may(arn, "kms:CreateGrant", {}));
  const raw = signers.filter(({ session }) =>
    may(session, "kms:Sign", { ...DIGESTS_ONLY, "kms:MessageType": "RAW" }),
  );
  return allOr(subject.ok(`only ${SIGNERS[use].join(", ")} can sign, digests only`), [
    mute.length > 0 &&
      subject.problem(
        `its policy does not let ${mute.map(({ name }) => name).join(", ")} sign`,
        OWNER,
      ),
    signing.length > 0 &&
      subject.problem(`its policy lets others sign: ${signing.join(", ")}`, OWNER),
    granting.length > 0 &&
      subject.problem(
        `its policy lets others hand signing on by a grant: ${granting.join(", ")}`,
        OWNER,
      ),
    raw.length > 0 && subject.problem("its policy does not pin kms:MessageType to DIGEST", OWNER),
  ]);
}
