import type { PolicyDocument } from "../authority/evaluate/iam-document.ts";
import type { KeyFacts, KeyGrant, KeySetting } from "../aws/inspect/keys.ts";
import { loosened } from "./around/loosened.ts";
import { lets, withPolicies } from "./ask.ts";
import { compareDocument } from "./compare.ts";
import {
  about,
  allOr,
  type Finding,
  type FindingSubject,
  whenSeen,
  withCompared,
} from "./finding.ts";
import {
  administrators,
  type Expected,
  FUNCTION_NAMES,
  type FunctionName,
  madeBy,
  sessionOf,
} from "./plane.ts";
import { type NamedPrincipal, namedIn } from "./policies/named-principals.ts";
import { asText, type Call, call } from "./repair/call.ts";

export type SigningKeyUse = "evidence" | "plane";

/** Who must sign with which key; nobody else may. */
const SIGNERS: Readonly<Record<SigningKeyUse, readonly FunctionName[]>> = {
  evidence: FUNCTION_NAMES,
  plane: ["issue", "delegate"],
};

const DIGESTS_ONLY = {
  "kms:SigningAlgorithm": "ECDSA_SHA_256",
  "kms:MessageType": "DIGEST",
} as const;
const OWNER =
  "correct the key's policy; if the key is the stack's own, vai doctor --repair-plan prints the call that does";

/** One signing key: what it is, and who can sign with it. Rotation is not offered for such keys (KMS developer guide). */
export function checkKey(
  use: SigningKeyUse,
  facts: KeyFacts,
  expected: Expected,
): readonly Finding[] {
  const subject = about(`key ${use} (${facts.id})`);
  const missing = subject.problem(
    "there is no such key",
    "cancel its deletion if it is pending; else bring up a new key and publish it in the trust policy",
  );
  const { setting, policy, grants, aliased, alias } = facts;
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
      withCompared(
        withPolicies(subject, [text], ([document]) =>
          checkPolicy(use, subject, document as PolicyDocument, setting.value.arn, expected),
        ),
        compareDocument(
          subject,
          "its policy",
          expected.written?.keys.get(setting.value.arn),
          text,
          policyCalls(setting.value.arn, expected),
        ),
      ),
    ),
    ...whenSeen(grants, subject, [], (all) => checkGrants(subject, setting.value.arn, all)),
  ];
}

/** The call that gives a key of the stack its policy again; none for a key that was brought. */
function policyCalls(KeyId: string, { written }: Expected): readonly Call[] {
  const policy = written?.keys.get(KeyId);
  return policy === undefined
    ? []
    : [call("kms", "PutKeyPolicy", { KeyId, PolicyName: "default", Policy: asText(policy) })];
}

/** A grant gives rights that no policy shows; nothing of the plane needs one. */
const checkGrants = (
  subject: FindingSubject,
  KeyId: string,
  grants: readonly KeyGrant[],
): readonly Finding[] =>
  grants.map(({ id, grantee, operations }) =>
    subject.problem(
      `a grant lets ${grantee} ${operations.join(", ")}, whatever its policy says`,
      "find out who made it, then revoke it: vai doctor --repair-plan prints the call",
      [call("kms", "RevokeGrant", { KeyId, GrantId: id })],
    ),
  );

const checkSetting = (
  subject: FindingSubject,
  { spec, usage, state }: KeySetting,
): readonly Finding[] =>
  allOr(subject.ok(`${spec}, ${usage}, enabled`), [
    spec !== "ECC_NIST_P256" &&
      subject.problem(`is of spec ${spec}, not ECC_NIST_P256`, "bring a P-256 signing key"),
    usage !== "SIGN_VERIFY" &&
      subject.problem(`is for ${usage}, not SIGN_VERIFY`, "bring a P-256 signing key"),
    state !== "Enabled" &&
      subject.problem(`is ${state}: nothing can be signed`, "enable it, or cancel its deletion"),
  ]);

type Stranger = Pick<NamedPrincipal, "name" | "principalArn" | "context">;

const unnamed = (arn: string): Stranger => ({ name: arn, principalArn: arn, context: {} });

function checkPolicy(
  use: SigningKeyUse,
  subject: FindingSubject,
  policy: PolicyDocument,
  resource: string,
  expected: Expected,
): readonly Finding[] {
  const { arn: arnOf, roles } = expected;
  const may = (
    principalArn: string,
    action: string,
    context: Readonly<Record<string, string>>,
    by = policy,
  ) => lets(by, { action, resource, principalArn, context });
  const signers = SIGNERS[use].map((name) => ({
    ...{ name, session: sessionOf(roles[name]) },
    digests: { ...DIGESTS_ONLY, ...madeBy(expected, name) },
  }));
  const others = FUNCTION_NAMES.filter((name) => !SIGNERS[use].includes(name)).map((name) =>
    sessionOf(roles[name]),
  );
  const named = namedIn(policy, expected.partition);
  const own: readonly string[] = SIGNERS[use].map((name) => roles[name]);
  const strangers: readonly Stranger[] = [
    ...[...administrators(expected), arnOf("iam", "root"), ...others].map(unnamed),
    ...named.principals.filter(({ name }) => !own.includes(name)),
  ];
  const able = (
    action: string,
    context: Readonly<Record<string, string>>,
    by = policy,
  ): readonly string[] => [
    ...new Set(
      strangers
        .filter((each) => may(each.principalArn, action, { ...context, ...each.context }, by))
        .map(({ name }) => name),
    ),
  ];
  const mute = signers.filter(({ session, digests }) => !may(session, "kms:Sign", digests));
  const signing = able("kms:Sign", DIGESTS_ONLY);
  // What hangs on tags, addresses or an organisation is taken as somebody would have it who wants to sign.
  const perhaps = able("kms:Sign", DIGESTS_ONLY, loosened(policy)).filter(
    (name) => !signing.includes(name),
  );
  const granting = able("kms:CreateGrant", {});
  const raw = signers.filter(({ session, digests }) =>
    may(session, "kms:Sign", { ...digests, "kms:MessageType": "RAW" }),
  );
  return allOr(subject.ok(`only ${SIGNERS[use].join(", ")} can sign, digests only`), [
    mute.length > 0 &&
      subject.problem(
        `its policy does not let ${mute.map(({ name }) => name).join(", ")} sign`,
        OWNER,
      ),
    named.unaskable.length > 0 &&
      subject.problem(
        `its policy names ${named.unaskable.join(", ")}: who can use it so, nobody can say from here`,
        OWNER,
      ),
    signing.length > 0 &&
      subject.problem(`its policy lets others sign: ${signing.join(", ")}`, OWNER),
    perhaps.length > 0 &&
      subject.problem(
        `its policy may let others sign, on conditions that nobody can judge from here: ${perhaps.join(", ")}`,
        OWNER,
      ),
    granting.length > 0 &&
      subject.problem(
        `its policy lets others hand signing on by a grant: ${granting.join(", ")}`,
        OWNER,
      ),
    raw.length > 0 && subject.problem("its policy does not pin kms:MessageType to DIGEST", OWNER),
  ]);
}
