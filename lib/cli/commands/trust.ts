import { invokeFunction } from "../../aws/people/invoke.ts";
import { kmsPublicJwk, kmsSigner } from "../../aws/people/plane-access.ts";
import { systemClock, toInstant, toSeconds } from "../../clock.ts";
import { jwkThumbprint, type PublicJwk } from "../../encoding/jwk.ts";
import { signJws, signJwsBy } from "../../encoding/jws.ts";
import type { RiskClass } from "../../encoding/members.ts";
import { readBy } from "../../encoding/schema.ts";
import type { CommandAnswer } from "../../enforcement/commands/command.ts";
import {
  maxDepthOf,
  type TrustPolicy,
  trustPolicyGenesis,
  trustPolicySchema,
} from "../../trust/policy.ts";
import { ANCHOR_KEY_HELP, anchorsBeside, pinnedAnchors } from "../anchors.ts";
import { planeRefusalLines, refusalNext } from "../answers.ts";
import { asCaller } from "../calling.ts";
import type { AddCommand } from "../command.ts";
import { type Deployment, OUTPUTS_HELP, placeFor, readDeployment } from "../deployment.ts";
import { readJson } from "../files.ts";
import { CommandError, EXIT, report } from "../io.ts";
import { regionOfKey } from "../key-arn.ts";
import { readKey } from "../key-file.ts";
import { counted } from "../plural.ts";
import { readCommandAnswer } from "../read-answer.ts";
import type { PublishedPolicy } from "../recorded-trust.ts";
import { vaiLine } from "../self.ts";
import { continuedPolicy, publishedPolicy } from "../trust-policy.ts";

const DAY = 24 * 60 * 60;
const TYPE = "vai-trust-policy+jwt";

interface PublishOptions {
  readonly anchorKey?: string;
  readonly anchorKms?: string;
  readonly validDays: string;
  readonly outputs?: string;
  readonly json?: true;
}

/** `vai trust`: whom this plane believes. */
export const trustCommand: AddCommand = (trust, io, end) => {
  trust
    .command("show")
    .option("--anchor-key <file>", ANCHOR_KEY_HELP)
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print the policy as JSON")
    .description(
      "shows the trust policy in force, as the plane's chain recorded it and an anchor signed it",
    )
    .action(async (options: { anchorKey?: string; outputs?: string; json?: true }) => {
      const deployment = readDeployment(io, options.outputs);
      const anchors = pinnedAnchors(deployment, options.anchorKey);
      const place = placeFor(deployment, "auditor");
      const published = await asCaller(io, place, () =>
        publishedPolicy(deployment, place, anchors),
      );
      if (published === undefined) {
        throw new CommandError(
          EXIT.no,
          `no trust policy is published yet: ${vaiLine("trust", "publish", "DRAFT", "--anchor-key", "FILE")}`,
        );
      }
      report(io, options.json === true, published.policy, describePolicy(published));
    });
  trust
    .command("publish")
    .argument(
      "<draft>",
      "JSON without version, prev, plane, iat, exp, planeKeys; local:up writes one as an example",
    )
    .option(
      "--anchor-key <file>",
      "private key of an anchor that is pinned in the deployment, JWK or PEM",
    )
    .option("--anchor-kms <arn>", "or the KMS key that is one; it signs and stays there")
    .option("--valid-days <days>", "when the policy ends; nothing is issued after it", "30")
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print the answer as JSON")
    .description("signs the next version of the trust policy and publishes it")
    .action(async (file: string, options: PublishOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const { policy, answer } = await asCaller(io, placeFor(deployment, "deployer"), () =>
        publish(deployment, file, options),
      );
      report(
        io,
        options.json === true,
        answer,
        answer.ok
          ? publishedLines(policy, answer)
          : [...planeRefusalLines(answer), ...refusalNext(answer, options.outputs)],
      );
      end(answer.ok ? EXIT.done : EXIT.no);
    });
};

/** Signs the next version and has `govern` publish it. */
async function publish(deployment: Deployment, file: string, options: PublishOptions) {
  const anchor = await anchorOf(deployment, options);
  const policy = await nextPolicy(deployment, file, Number(options.validDays), anchor.jwk);
  const event = { op: "publishTrustPolicy", trustPolicy: await anchor.sign(policy) };
  const { govern } = deployment.functions;
  const given = await invokeFunction(placeFor(deployment, "deployer"), govern, event);
  return { policy, answer: readCommandAnswer(given, govern) };
}

interface Anchor {
  readonly jwk: PublicJwk;
  readonly sign: (policy: TrustPolicy) => string | Promise<string>;
}

/** A key file or a key of KMS, which never leaves it. @throws {CommandError} without either, or with both. */
async function anchorOf(
  deployment: Deployment,
  { anchorKey, anchorKms }: PublishOptions,
): Promise<Anchor> {
  if (anchorKey !== undefined && anchorKms === undefined) {
    const key = readKey(anchorKey);
    return { jwk: key.jwk, sign: (policy) => signJws(TYPE, policy, key) };
  }
  if (anchorKms === undefined || anchorKey !== undefined) {
    throw new CommandError(EXIT.unreadable, "give one of --anchor-key FILE and --anchor-kms ARN");
  }
  const place = { ...placeFor(deployment, "deployer"), region: regionOfKey(anchorKms) };
  const jwk = await kmsPublicJwk(place, anchorKms);
  return { jwk, sign: (policy) => signJwsBy(TYPE, policy, kmsSigner(place, anchorKms)) };
}

const publishedLines = ({ version, exp }: TrustPolicy, { evidence }: CommandAnswer): string[] => [
  `published  trust policy version ${version}, valid until ${toInstant(exp * 1000)}`,
  `evidence   ${evidence === undefined ? "owed" : `${evidence.chainId} ${evidence.seq}`}`,
];

/** The draft with the members that follow from what is in force: number, link, plane, times, plane keys. */
async function nextPolicy(
  deployment: Deployment,
  file: string,
  validDays: number,
  anchor: PublicJwk,
): Promise<TrustPolicy> {
  if (!Number.isInteger(validDays) || validDays < 1) {
    throw new CommandError(EXIT.unreadable, "--valid-days must be a whole number of days");
  }
  const place = placeFor(deployment, "deployer");
  const [current, evidence, plane] = await Promise.all([
    continuedPolicy(deployment, anchorsBeside(deployment, anchor)),
    kmsPublicJwk(place, deployment.evidenceKeyId),
    kmsPublicJwk(place, deployment.planeKeyId),
  ]);
  const iat = toSeconds(systemClock());
  const draft = readJson(file);
  const policy = {
    ...(typeof draft === "object" ? draft : {}),
    version: (current?.policy.version ?? 0) + 1,
    prev: current?.digest ?? trustPolicyGenesis(deployment.plane),
    plane: deployment.plane,
    iat,
    exp: iat + validDays * DAY,
    planeKeys: planeKeysWith(current?.policy.planeKeys ?? [], { evidence, plane }),
  };
  const read = readBy(trustPolicySchema, policy);
  if (!read.ok) throw new CommandError(EXIT.unreadable, `${file}: ${read.pointer} ${read.detail}`);
  return read.value;
}

/** Plane keys only grow: those in force, and the ones that the functions sign with now. */
function planeKeysWith(
  known: TrustPolicy["planeKeys"],
  inUse: { readonly evidence: PublicJwk; readonly plane: PublicJwk },
): TrustPolicy["planeKeys"] {
  const thumbprints = new Set(known.map(({ key }) => jwkThumbprint(key)));
  const notBefore = known.length === 0 ? 0 : toSeconds(systemClock());
  const added = (["evidence", "plane"] as const)
    .map((use) => ({ use, key: inUse[use], notBefore }))
    .filter(({ key }) => !thumbprints.has(jwkThumbprint(key)));
  return [...known, ...added];
}

function describePolicy({ policy, digest, signedBy }: PublishedPolicy): string[] {
  const names = (list: readonly { readonly name: string }[]): string =>
    list.map(({ name }) => name).join(", ") || "none";
  return [
    `trust policy ${policy.version} of ${policy.plane}`,
    `digest      ${digest}`,
    `signed by   ${signedBy}`,
    `valid until ${toInstant(policy.exp * 1000)}`,
    `issuers     ${policy.issuers.map(({ name, maxRisk }) => `${name} (up to ${maxRisk})`).join(", ") || "none"}`,
    `deciders    ${policy.deciders.map(({ name, maxRisk }) => `${name} (up to ${maxRisk})`).join(", ") || "none"}`,
    `evaluators  ${policy.evaluators.map(({ name, class: of }) => `${name} (${of})`).join(", ") || "none"}`,
    `approvers   ${policy.approvers.map(({ name, roles }) => `${name} (${roles.join(", ")})`).join(", ") || "none"}`,
    `operators   ${names(policy.operators)}`,
    `auditors    ${names(policy.auditors)}`,
    ...(policy.agents ?? []).map(
      ({ name, labels, jkt }) =>
        `agent       ${name} (${labels.join(", ") || "no labels"}), key ${jkt}`,
    ),
    ...policy.planeKeys.filter(({ use }) => use === "plane").map(planeKeyLine),
    ...policy.actions.map(
      ({ action, risk, executionRoleArn = "no role yet", mode }) =>
        `action      ${action} (${risk}) ${mode === "observe" ? "only observed, nothing is done; " : ""}by ${executionRoleArn}`,
    ),
    ...(Object.keys(policy.governance) as RiskClass[]).map((name) => {
      const { maxSeconds, approvals, attestations } = policy.governance[name];
      const depth = maxDepthOf(policy, name);
      const onward = depth === 0 ? "nobody hands on" : `chains to depth ${depth}`;
      return `class       ${name}: at most ${maxSeconds} s, ${counted(approvals, "approval")}, ${counted(attestations, "attestation")}, ${onward}`;
    }),
  ];
}

/** What a stranger verifies chains and handles by; of one that is revoked they must hear as well. */
function planeKeyLine({ key, revokedAt }: TrustPolicy["planeKeys"][number]): string {
  const what =
    revokedAt === undefined
      ? "signs chains and handles"
      : `revoked since ${toInstant(revokedAt * 1000)}: what it signed counts for nothing`;
  return `plane key   ${jwkThumbprint(key)}, ${what}`;
}
