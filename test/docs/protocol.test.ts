import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";
import type * as z from "zod";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { memberOf } from "../../lib/actions/dynamodb/parameters.ts";
import { READS } from "../../lib/actions/reads.ts";
import { verifyRecords } from "../../lib/audit/verify.ts";
import { deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { judgeOperation } from "../../lib/authority/derive/judge-operation.ts";
import { sessionName } from "../../lib/authority/derive/session-name.ts";
import { EXPLANATIONS } from "../../lib/cli/explanations.ts";
import { readAnswer, readDelegatedAnswer } from "../../lib/cli/read-answer.ts";
import { unlockSchema } from "../../lib/cli/unlocks.ts";
import { signingKey } from "../../lib/client/keys.ts";
import { parsePlaneId } from "../../lib/config.ts";
import { CONSTRAINT_KINDS, narrows, satisfies } from "../../lib/contract/constraint.ts";
import {
  assumption,
  type Contract,
  contractClaims,
  readContract,
  unsupportedMember,
} from "../../lib/contract/contract.ts";
import {
  judgeClass,
  judgeIssuer,
  judgeIssuerScope,
  judgePlace,
  judgeRegistered,
  judgeWindow,
} from "../../lib/contract/judge.ts";
import { step } from "../../lib/contract/step.ts";
import { canonicalize, documentDigest } from "../../lib/encoding/canonical-json.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { preAuthEncoding } from "../../lib/encoding/dsse.ts";
import { readPublicJwk } from "../../lib/encoding/jwk.ts";
import { type JwsType, type SigningKey, signJws } from "../../lib/encoding/jws.ts";
import type { GrantedAnswer, RefusedAnswer } from "../../lib/enforcement/answer.ts";
import { COMMANDS, ORDERS, REVIEWING } from "../../lib/enforcement/commands/table.ts";
import type { DelegatedAnswer } from "../../lib/enforcement/delegate.ts";
import { DELEGATE_ORDER, WITHDRAW_ORDER } from "../../lib/enforcement/delegate.ts";
import { REVOKE_ORDER } from "../../lib/enforcement/revoke.ts";
import type { Order } from "../../lib/enforcement/stage.ts";
import {
  CREDENTIALS_ORDER,
  EXECUTE_ORDER,
  ISSUE_ORDER,
} from "../../lib/enforcement/stages/order.ts";
import { UNLOCKS } from "../../lib/enforcement/unlocks.ts";
import { genesisHead } from "../../lib/evidence/chain.ts";
import { EVENT_TYPES, isNegative } from "../../lib/evidence/events.ts";
import { evidenceKeys, openChain } from "../../lib/evidence/open.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { PAYLOAD_TYPE, sealText } from "../../lib/evidence/seal.ts";
import * as library from "../../lib/index.ts";
import { handleClaims, readHandle } from "../../lib/issuance/handle.ts";
import { judgeCosign, type ReadCommand, readCommand } from "../../lib/lifecycle/command.ts";
import { isLifting } from "../../lib/lifecycle/restrict.ts";
import { TRIGGERS } from "../../lib/lifecycle/triggers.ts";
import { PROOF_CHECKS } from "../../lib/proof/judge.ts";
import { decisionClaims, readProof } from "../../lib/proof/proof.ts";
import {
  failureDomain,
  isRefusal,
  isRetryable,
  REFUSAL_CODES,
  type RefusalCode,
  STAGES,
  type StageName,
} from "../../lib/refusal.ts";
import {
  type DelegateRequest,
  executeClaims,
  issueClaims,
  judgeFreshness,
  judgePossession,
  readDelegateRequest,
  readExecuteRequest,
  readIssueRequest,
  requestContentDigest,
} from "../../lib/request/request.ts";
import { trustPolicyGenesis, trustPolicySchema } from "../../lib/trust/policy.ts";
import { readTrustPolicy } from "../../lib/trust/read.ts";
import {
  NO_RESTRICTIONS,
  readRestrictions,
  restrictionsText,
} from "../../lib/trust/restrictions.ts";
import { VERBS } from "../../lib/trust/verbs.ts";
import { DELEGATE_KEYS } from "../../localstack/deploy/keys.ts";
import { composeOutputs, type OutputParts } from "../../localstack/deploy/outputs.ts";
import { REPOSITORY_ROOT as ROOT } from "../../localstack/machine/paths.ts";
import { assertGrantedShape, assertRefusedShape } from "../support/local/answer.ts";
import { newPlane } from "../support/plane.ts";

const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const PAGE = read("lambdas/PROTOCOL.md");

// What the page holds.

/** One section with its heading, by number. */
function section(number: number): string {
  const found = PAGE.split(/^(?=## )/m).filter((part) => part.startsWith(`## ${number}. `));
  assert.equal(found.length, 1, `section ${number}`);
  return found[0] ?? "";
}

/** The fenced block of a language and a name. */
function fenced(language: string, name: string): string {
  const found = [...PAGE.matchAll(new RegExp(`^\`\`\`${language} ${name}\n(.*?)\n\`\`\`$`, "gms"))];
  assert.equal(found.length, 1, `block ${name}`);
  return found[0]?.[1] ?? "";
}

const block = (name: string): unknown => JSON.parse(fenced("json", name));
const example = <T>(name: string): T => block(name) as T;

interface Table {
  readonly header: string;
  readonly rows: readonly (readonly string[])[];
}

const cellsOf = (line: string): string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());

/** Every table of a text, in order. */
const tablesOf = (text: string): Table[] =>
  [...text.matchAll(/^\|(.*)\|\n\| ---.*\n((?:\|.*\n?)*)/gm)].map(([, header = "", rows = ""]) => ({
    header: cellsOf(`|${header}|`).join(" "),
    rows: rows.trim().split("\n").map(cellsOf),
  }));

/** The tables of a section with a header. */
const tables = (number: number, header: string): Table[] =>
  tablesOf(section(number)).filter((each) => each.header === header);

function table(number: number, header: string): Table["rows"] {
  const [found, ...others] = tables(number, header);
  assert.ok(found !== undefined && others.length === 0, `one table "${header}" in §${number}`);
  return found.rows;
}

/** Names in code quotes. */
const quoted = (text = ""): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
const bare = (cell = ""): string => cell.replaceAll("`", "");

/** Whether a text names something: in code quotes, or as a member or value of an example. */
const names = (text: string, name: string): boolean =>
  text.includes(`\`${name}\``) || text.includes(`"${name}"`);

const unnamed = (text: string, wanted: Iterable<string>): string[] =>
  [...wanted].filter((name) => !names(text, name));

// What the code holds, also where it exports nothing.

const OPENED = /\?open=(\w+)$/;
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const [, name] = OPENED.exec(url) ?? [];
    if (name === undefined) return loaded;
    return { ...loaded, source: `${loaded.source}\nexport { ${name} as opened };` };
  },
});

/** A constant of a module that the module keeps to itself. */
async function open<T>(file: string, name: string): Promise<T> {
  const module = (await import(`file://${join(ROOT, file)}?open=${name}`)) as { opened: T };
  return module.opened;
}

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly valueType?: z.ZodType;
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
}

const definitionOf = (schema: z.ZodType): Definition => schema._zod.def as unknown as Definition;

const isOptional = (schema: z.ZodType): boolean =>
  ["optional", "default"].includes(definitionOf(schema).type);

function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> {
  const { shape } = definitionOf(schema);
  assert.ok(shape, "an object schema");
  return shape;
}

/** Every member name and every listed value of a schema, however deep. */
function* vocabulary(schema: z.ZodType): Generator<string> {
  const { shape = {}, entries = {}, values = [], options = [], ...inner } = definitionOf(schema);
  yield* Object.keys(shape);
  yield* Object.values(entries);
  for (const value of values) if (typeof value === "string") yield value;
  const below = [
    inner.innerType,
    inner.element,
    inner.valueType,
    ...Object.values(shape),
    ...options,
  ];
  for (const each of below) if (each !== undefined) yield* vocabulary(each);
}

const blockSchema = await open<z.ZodType>("lib/continuity/block.ts", "later");
const handleSchema = await open<z.ZodType>("lib/issuance/handle.ts", "claims");
/** One of two shapes, which differ by what they are of. */
const [attestationClaims = contractClaims] =
  definitionOf(await open<z.ZodType>("lib/proof/attestation.ts", "claims")).options ?? [];
const approvalClaims = await open<z.ZodType>("lib/proof/approval.ts", "claims");
const proofSchema = await open<z.ZodType>("lib/proof/proof.ts", "proof");

/** Tables "member, needed, what" of a section, in the order of the page. */
const MEMBERS: readonly (readonly [section: number, schemas: readonly z.ZodType[]])[] = [
  [2, [contractClaims, step, assumption]],
  [3, [proofSchema, decisionClaims, attestationClaims, approvalClaims]],
  [4, [issueClaims, executeClaims]],
  [6, [trustPolicySchema]],
  [8, [blockSchema, handleSchema]],
];

/** Whoever signs in the examples, from the page's own list of private keys. */
function keyOf(who: string): SigningKey {
  const row = tablesOf(PAGE.slice(PAGE.indexOf("## Test vectors")))
    .flatMap(({ rows }) => rows)
    .find(([name]) => name === who);
  const [, hex, thumbprint] = (row ?? []).map(bare);
  const seed = Buffer.from(hex ?? "", "hex");
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const { kty, crv, x, d } = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
    format: "jwk",
  });
  const key = signingKey({ kty, crv, x, d });
  assert.equal(key.thumbprint, thumbprint, who);
  return key;
}

const SIGNERS: Readonly<Record<string, readonly [JwsType, string]>> = {
  contract: ["vai-contract+jwt", "issuer"],
  decision: ["vai-decision+jwt", "decider"],
  request: ["vai-request+jwt", "agent"],
  redemption: ["vai-request+jwt", "agent"],
  "trust-policy": ["vai-trust-policy+jwt", "anchor"],
};

/** An example of the page as its signer signs it. */
function signed(name: string): string {
  const [typ, who] = SIGNERS[name] ?? [];
  assert.ok(typ !== undefined && who !== undefined, name);
  return signJws(typ, block(name), keyOf(who));
}

const digestOf = (jws: string) => sha256Digest(jws.slice(0, jws.lastIndexOf(".")));

function good<T>(value: T): Exclude<T, { readonly refused: true }> {
  assert.ok(!isRefusal(value), JSON.stringify(value));
  return value as Exclude<T, { readonly refused: true }>;
}

const CONTRACT = good(readContract(signed("contract")));
const PROOF = good(
  readProof({ intent: block("intent"), context: block("context"), decision: signed("decision") }),
);
const REQUEST = good(readIssueRequest(signed("request")));
const POLICY = trustPolicySchema.parse(block("trust-policy"));
const STEP = CONTRACT.claims.authorization_details[0];
const { plane: PLANE } = POLICY;
/** What stage `proof` judges of the examples, when the request came. */
const INPUT = {
  ...{ plane: PLANE, contract: CONTRACT.claims, proof: PROOF, policy: POLICY },
  ...{ now: REQUEST.claims.iat * 1000, attested: [], isBound: false },
};
const RECORDS = [example<EvidenceRecord>("record-1"), example<EvidenceRecord>("record-2")] as const;
const SEAL = example<{ payload: string; signatures: { keyid: string; sig: string }[] }>("seal");

/** The handle as a plane key would sign it; its signature differs each time. */
function handleInput(): string {
  const kid = sha256Thumbprint("plane");
  const part = (value: unknown): string => Buffer.from(canonicalize(value)).toString("base64url");
  return `${part({ alg: "ES256", kid, typ: "vai-identity+jwt" })}.${part(block("handle"))}`;
}

const planeKey = (use: string) => {
  const found = POLICY.planeKeys.find((each) => each.use === use);
  assert.ok(found, use);
  return found.key;
};
const sha256Thumbprint = (use: string): string => library.jwkThumbprint(planeKey(use));

suite("lambdas/PROTOCOL.md: members", () => {
  for (const [number, schemas] of MEMBERS) {
    test(`VAI-58 §${number} lists exactly the members that are read, and which are needed`, () => {
      const found = tables(number, "member needed what");
      assert.equal(found.length, schemas.length, "as many tables as schemas");
      for (const [index, schema] of schemas.entries()) {
        const wanted = Object.entries(shapeOf(schema)).map(([name, each]) => [
          name,
          isOptional(each) ? "no" : "yes",
        ]);
        const said = found[index]?.rows.map(([name, needed]) => [bare(name), needed]);
        assert.deepEqual(said, wanted);
      }
    });

    test(`VAI-58 §${number} names every inner member and every listed value`, () => {
      // A decision's boundary holds steps, and so does a block, which are told once.
      const text = [3, 8].includes(number) ? section(2) + section(number) : section(number);
      for (const schema of schemas) assert.deepEqual(unnamed(text, vocabulary(schema)), []);
    });
  }

  test("POC-06 §4 lists the claims of what hands on and takes back, and what each part of them is made of", async () => {
    const found = tables(4, "claim needed what");
    for (const [index, name] of ["delegateClaims", "withdrawClaims"].entries()) {
      const schema = await open<z.ZodType>("lib/request/request.ts", name);
      const wanted = Object.entries(shapeOf(schema)).map(([member, each]) => [
        member,
        isOptional(each) ? "no" : "yes",
      ]);
      const said = found[index]?.rows.map(([member, needed]) => [bare(member), needed]);
      assert.deepEqual(said, wanted);
      // Steps are told once, in §2.
      assert.deepEqual(unnamed(section(2) + section(4), vocabulary(schema)), []);
    }
    assert.equal(found.length, 2);
  });

  test("VAI-58 §4 lists the members of the events", async () => {
    const rows = table(4, "function member needed what");
    for (const [use, file, list] of [
      ["issue", "event", "ISSUE_MEMBERS"],
      ["execute", "event", "EXECUTE_MEMBERS"],
      ["delegate", "delegate-event", "MEMBERS"],
    ] as const) {
      const wanted = await open<string[]>(`lib/enforcement/read/${file}.ts`, list);
      const said = rows.filter(([name]) => bare(name) === use).map(([, member]) => bare(member));
      assert.deepEqual(said.toSorted(), wanted.toSorted());
    }
  });

  test("USR-11 §7 shows outputs.json with every member, and the local thresholds", async () => {
    const texts = new Proxy({}, { get: () => "text" });
    const pair = { accessKeyId: "", secretAccessKey: "" };
    const shown = example<Record<string, Record<string, unknown>>>("outputs");
    const made = [...Object.keys(shown["keys"] ?? {}), ...DELEGATE_KEYS];
    const keys = made.map((name) => [name, { file: join(ROOT, name) }]);
    const composed = composeOutputs({
      ...{ endpoint: "", stacks: new Proxy({}, { get: () => texts }), instances: [] },
      ...{
        credentials: { deployer: pair, agent: pair, operator: pair, auditor: pair },
        policy: shown["policy"],
      },
      keys: { ...Object.fromEntries(keys), anchor: { file: join(ROOT, "anchor"), thumbprint: "" } },
    } as unknown as OutputParts);
    const structure = (value: unknown): unknown =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.entries(value)
            .map(([name, each]) => [name, structure(each)])
            .sort()
        : typeof value;
    assert.deepEqual(structure(shown), structure(composed));
    assert.equal(Object(shown["keys"]?.["delegates"]).length, DELEGATE_KEYS.length);
    assert.deepEqual(shown["names"], composed.names);
    const governance = await open<Record<string, object>>(
      "localstack/deploy/trust-policy.ts",
      "GOVERNANCE",
    );
    const header =
      "class maxSeconds contextSeconds approvals attestations classes veto credentials";
    const said = table(7, header).map(([name, ...cells]) => [bare(name), ...cells.map(bare)]);
    const wanted = Object.entries(governance).map(([name, each]) => [
      name,
      ...Object.values(each).map((value) => (Array.isArray(value) ? value.join(", ") : `${value}`)),
    ]);
    assert.deepEqual(said, wanted);
  });

  test("VAI-37 what §2 and §3 say is not supported, malformed or without effect is so", () => {
    const of = (change: object): string | undefined => {
      const claims = { ...example<object>("contract"), ...change };
      const contract = readContract(signJws("vai-contract+jwt", claims, keyOf("issuer")));
      if (isRefusal(contract)) return contract.code;
      return unsupportedMember(contract.claims) && "NOT_SUPPORTED";
    };
    const operation = { action: "a:B", resource: "arn:aws:a:::b", parameters: {} };
    const withStep = (change: object) => ({ authorization_details: [{ ...STEP, ...change }] });
    const obligation = { name: "other", dueSeconds: 60 };
    const said: readonly (readonly [object, string | undefined])[] = [
      [{}, undefined],
      [{ rollback: { when: "obligationUnmet", step: "undo", operation } }, "CONTRACT_MALFORMED"],
      [{ delegation: { maxDepth: 0 } }, undefined],
      [{ delegation: { maxDepth: 0, retain: false, labels: [], planes: [] } }, undefined],
      [{ delegation: { maxDepth: 32, retain: true, labels: ["a"], planes: [] } }, undefined],
      [{ delegation: { maxDepth: 0, planes: [PLANE] } }, "NOT_SUPPORTED"],
      [{ delegation: { maxDepth: 33 } }, "CONTRACT_MALFORMED"],
      [
        { delegation: { maxDepth: 1 }, breakGlass: { policy: "p", incident: "i" } },
        "CONTRACT_MALFORMED",
      ],
      [{ breakGlass: { policy: "p", incident: "i" } }, undefined],
      [{ breakGlass: { policy: "p" } }, "CONTRACT_MALFORMED"],
      [{ origin: { plane: PLANE, chainDigest: CONTRACT.digest } }, "NOT_SUPPORTED"],
      [{ revokeOn: ["contextChanged"] }, undefined],
      [{ revokeOn: ["contextChanged", "riskSignal"] }, undefined],
      [{ obligations: [{ ...obligation, kind: "notify" }] }, "NOT_SUPPORTED"],
      [withStep({ after: [], gate: "none" }), undefined],
      [withStep({ after: ["before"] }), "CONTRACT_MALFORMED"],
      [withStep({ gate: "approval" }), undefined],
      [withStep({ gate: "rollback" }), "CONTRACT_MALFORMED"],
      [withStep({ parameters: "unbounded", limits: {} }), "CONTRACT_MALFORMED"],
    ];
    for (const [change, code] of said) assert.equal(of(change), code, JSON.stringify(change));
  });

  test("DTF-02 what §3 says of a decision is so", () => {
    const parts = { intent: block("intent"), context: block("context") };
    const { boundary, ...claims } = example<{ boundary: { authorization_details: object[] } }>(
      "decision",
    );
    const of = (change: object, ceiling: object = {}): string | undefined => {
      const all = { ...claims, boundary: { ...boundary, ...ceiling }, ...change };
      const decision = signJws("vai-decision+jwt", all, keyOf("decider"));
      const proof = good(readProof({ ...parts, decision }));
      const contract = { ...CONTRACT.claims, decision: { digest: proof.decision.digest } };
      const input = { ...INPUT, contract, proof };
      const found = PROOF_CHECKS.map(([, check]) => check(input)).find(
        (each) => each !== undefined,
      );
      return found?.code;
    };
    const [entry] = boundary.authorization_details;
    const withEntry = (change: object) => ({ authorization_details: [{ ...entry, ...change }] });
    const ahead = REQUEST.claims.iat + 61;
    const said: readonly (readonly [change: object, ceiling: object, code: string | undefined])[] =
      [
        [{}, {}, undefined],
        [{ aud: "vai:000000000000:us-east-1:other" }, {}, "AUDIENCE_MISMATCH"],
        [{ iat: ahead }, {}, "DECISION_NOT_APPROVED"],
        [{ exp: REQUEST.claims.iat }, {}, "DECISION_NOT_APPROVED"],
        [{ outcome: "ESCALATE" }, {}, "DECISION_NOT_APPROVED"],
        [{}, { actorKind: "workflow" }, "ACTOR_MISMATCH"],
        [{}, withEntry({ gate: "approval" }), "SCOPE_EXCEEDED"],
        [{ governanceDigest: CONTRACT.digest }, {}, "GOVERNANCE_METADATA_MISMATCH"],
        [{}, withEntry({ limits: { calls: 1, totals: { percent: 20 } } }), "SCOPE_EXCEEDED"],
      ];
    for (const [change, ceiling, code] of said) {
      assert.equal(of(change, ceiling), code, JSON.stringify([change, ceiling]));
    }
  });

  test("VAI-58 §1 lists exactly the types that are read", () => {
    const known = new Set(read("lib/encoding/jws.ts").match(/vai-[a-z-]+\+jwt/g));
    const said = table(1, "object `typ` who signs why the key is believed").map(([, typ]) =>
      bare(typ),
    );
    assert.deepEqual(said.toSorted(), [...known].toSorted());
  });
});

suite("lambdas/PROTOCOL.md: constraints", () => {
  test("VAI-37 §2 has every kind", () => {
    const said = table(2, "kind is satisfied by").map(([kind]) => bare(kind));
    assert.deepEqual(said, [...CONSTRAINT_KINDS]);
  });

  test("VAI-37 §2's cases come out as they stand there", () => {
    for (const [constraint, value, expected] of table(2, "constraint value satisfied")) {
      const given = value === "nothing" ? undefined : JSON.parse(bare(value));
      const found = satisfies(JSON.parse(bare(constraint)), given);
      assert.equal(found ? "yes" : "no", expected, `${constraint} ${value}`);
    }
    for (const [child, parent, expected] of table(2, "child parent narrows")) {
      const found = narrows(JSON.parse(bare(child)), JSON.parse(bare(parent)));
      assert.equal(found ? "yes" : "no", expected, `${child} ${parent}`);
    }
  });
});

const functionOf = (command: ReadCommand): string =>
  isLifting(command) || command.claims.do === "reviewBreakGlass" ? "govern" : "revoke";

const flat = (order: Order): string[][] =>
  order.flatMap(({ name, names: checks }) => checks.map((check) => [name, check]));
const checksIn = (rows: Table["rows"] = []): string[][] =>
  rows.map(([stage, check]) => [bare(stage), bare(check)]);

suite("lambdas/PROTOCOL.md: stages", () => {
  const [issue, execute, delegating, withdrawing] = tables(4, "stage check what must hold else");

  test("VAI-04 §4 lists every check of `issue` in its order", () => {
    assert.deepEqual(checksIn(issue?.rows), flat(ISSUE_ORDER));
  });

  test("VAI-04 §4 lists every check of `execute` in its order", () => {
    assert.deepEqual(checksIn(execute?.rows), flat(EXECUTE_ORDER));
  });

  test("VAI-04 POC-22 §4 lists every check of `delegate`, of both its uses, in its order", () => {
    assert.deepEqual(checksIn(delegating?.rows), flat(DELEGATE_ORDER));
    assert.deepEqual(checksIn(withdrawing?.rows), flat(WITHDRAW_ORDER));
  });

  test("VAI-04 §4 lists what delivery `credentials` passes from barrier 1 on", () => {
    const all = flat(CREDENTIALS_ORDER);
    const from = all.findIndex(([stage]) => stage === "evidence");
    assert.deepEqual(checksIn(table(4, "stage check what must hold")), all.slice(from));
  });

  test("VAI-04 §10 lists every check of each command of `govern`, and of `revoke`, in its order", () => {
    const [publishing, lifting, reviewing, revoking] = tables(
      10,
      "stage check what must hold else",
    );
    assert.deepEqual(checksIn(publishing?.rows), flat(ORDERS.publishTrustPolicy));
    assert.deepEqual(checksIn(lifting?.rows), flat(ORDERS.command));
    assert.deepEqual(checksIn(reviewing?.rows), flat(REVIEWING));
    assert.deepEqual(checksIn(revoking?.rows), flat(REVOKE_ORDER));
    assert.deepEqual(unnamed(section(10), Object.keys(COMMANDS)), []);
  });

  test("VAI-112 §10 has every verb with its members, the function that takes it and how many names it needs", async () => {
    const plane = await newPlane();
    const rows = table(10, "`do` of members what it does names");
    assert.deepEqual(
      rows.map(([verb]) => bare(verb)),
      VERBS,
    );
    const values: Record<string, string> = {
      ...{ identityId: RECORDS[0].event.id, contractDigest: CONTRACT.digest, kind: "risk" },
      block: CONTRACT.digest,
      ...{ actorId: "a", path: "a", jkt: keyOf("agent").thumbprint, finding: "was right" },
    };
    for (const [verb = "", of, members = "", , names] of rows) {
      const own = quoted(members).filter((name) => name in values);
      const claims = {
        do: bare(verb),
        ...Object.fromEntries(own.map((name) => [name, values[name]])),
      };
      const read = readCommand(plane.command(claims));
      if (isRefusal(read)) {
        assert.deepEqual([read.code, names], ["NOT_SUPPORTED", ""], verb);
        continue;
      }
      for (const name of own) {
        const less = readCommand(plane.command(claims, { remove: [`/${name}`] }));
        assert.equal(isRefusal(less) && less.pointer, `/command/${name}`, verb);
      }
      const alone = judgeCosign(read, undefined, plane.policy);
      assert.equal(alone === undefined ? "1" : "2", names, verb);
      assert.equal(functionOf(read), bare(of), verb);
    }
  });

  test("VAI-112 §10 has the members of a command, and its example is one", () => {
    const rows = table(10, "member needed what");
    const claims = block("order") as Record<string, unknown>;
    const shared = Object.keys(claims).filter((name) => name !== "identityId");
    assert.deepEqual(
      rows.map(([name]) => bare(name)),
      shared,
    );
    const command = good(readCommand(signJws("vai-command+jwt", claims, keyOf("agent"))));
    assert.equal(command.claims.aud, PLANE);
    for (const name of ["lift", "revocation", "command"]) assert.ok(block(name));
  });

  test("VAI-33 §10 has every trigger with the records and codes of the source", () => {
    const header = "trigger seen by terminal record then `execute` is refused with and `issue`";
    const said = table(10, header).map(([name, , records, execute, issue]) => [
      bare(name),
      { records: quoted(records), execute: quoted(execute), issue: quoted(issue) },
    ]);
    const codes = (names: readonly string[]) => names.filter((name) => name !== "revokeOn");
    assert.deepEqual(
      said.map(([name, each]) => {
        const { records, execute, issue } = each as Record<string, string[]>;
        return [name, { records, execute, issue: codes(issue ?? []) }];
      }),
      Object.entries(TRIGGERS),
    );
  });

  test("VAI-115 §6 names each list of the restrictions with its entries, as they are read", () => {
    const jws = RECORDS[0].event.id;
    const ordered = { at: 1, by: jws, command: CONTRACT.digest };
    const text = restrictionsText({
      halts: [
        { scope: "actor", actor: "a", ...ordered },
        { scope: "plane", ...ordered },
      ],
      revokedKeys: [keyOf("agent").thumbprint],
      quarantines: [{ path: "a", at: 1, cause: "REVOCATION_FAILED" }],
      reviews: [],
    });
    const read = readRestrictions(text);
    assert.ok(read);
    const rows = table(6, "list an entry stops");
    const listed = rows.map(([list]) => bare(list)).filter(Boolean);
    assert.deepEqual(listed.toSorted(), Object.keys(read.restrictions).toSorted());
    const said = new Set(rows.flatMap(([, entry]) => entry?.match(/[a-zA-Z]+/g) ?? []));
    for (const entry of [...read.restrictions.halts, ...read.restrictions.quarantines]) {
      assert.deepEqual(
        Object.keys(entry).filter((name) => !said.has(name)),
        [],
      );
    }
  });

  test("VAI-82 a code that a check gives has that stage in §11", () => {
    const stagesOf = new Map(CODES.map(({ code, stages }) => [code, stages]));
    const every = [
      ...tables(4, "stage check what must hold else"),
      ...tables(10, "stage check what must hold else"),
    ];
    for (const [stage, check, , otherwise] of every.flatMap(({ rows }) => rows)) {
      // What is found when everything is looked at again keeps the stage that it is of.
      if (bare(check) === "trustAgain") continue;
      for (const code of quoted(otherwise).filter((name) => stagesOf.has(name))) {
        assert.ok(stagesOf.get(code)?.includes(bare(stage)), `${code} at ${stage}`);
      }
    }
  });
});

interface CodeRow {
  readonly code: string;
  readonly domain: string | undefined;
  readonly stages: readonly string[];
  readonly retryable: string | undefined;
}

const CODES: readonly CodeRow[] = table(11, "code domain stages retryable meaning").map(
  ([code, domain, stages, retryable]) => ({
    ...{ code: bare(code), domain, retryable },
    stages: stages === "any" ? STAGES : quoted(stages),
  }),
);

interface Case {
  readonly expect?: { readonly code?: RefusalCode; readonly stage?: StageName };
}

suite("lambdas/PROTOCOL.md: codes and events", () => {
  const of = (code: string) => UNLOCKS[code as RefusalCode];

  test("OKG-58 §11 has every refusal code once, in the order of the domains, and no other", () => {
    assert.deepEqual(
      CODES.map(({ code, domain, retryable }) => [code, domain, retryable]),
      REFUSAL_CODES.map((code) => [code, failureDomain(code), isRetryable(code) ? "yes" : "no"]),
    );
    const foreign = [...EXPLANATIONS.keys()].filter(
      (code) => !REFUSAL_CODES.includes(code as RefusalCode),
    );
    assert.deepEqual(unnamed(section(11), foreign), []);
  });

  test("OKG-58 vai explain names every stage that §11 has a code fall at", () => {
    const missing = CODES.flatMap(({ code, stages }) => {
      const told = EXPLANATIONS.get(code)?.stages ?? [];
      return stages.length === STAGES.length
        ? []
        : stages.filter((stage) => !told.includes(stage as StageName)).map((at) => [code, at]);
    });
    assert.deepEqual(missing, []);
  });

  test("USR-11 §4 lists every code that has an `unlock` once, under its kind, with an entry of that kind", () => {
    const rows = table(4, "entry codes what must happen");
    const kinds = rows.map(([entry = "", codes = ""]) => {
      const [unlock] = unlockSchema.parse([JSON.parse(bare(entry))]);
      return [unlock?.kind, quoted(codes)] as const;
    });
    const listed = kinds.flatMap(([, codes]) => codes);
    const having = REFUSAL_CODES.filter((code) => UNLOCKS[code] !== "nothing");
    assert.deepEqual(listed.toSorted(), having.toSorted());
    for (const [kind, codes] of kinds) {
      if (kind === "contract") assert.ok(codes.every((code) => of(code) === "contract"));
      else if (kind === "retry")
        assert.deepEqual(
          codes.filter((code) => !isRetryable(code as RefusalCode)),
          [],
        );
      else
        assert.ok(
          codes.every((code) => of(code) === "said"),
          kind,
        );
    }
  });

  test("OKG-58 §11 knows every stage at which a case of the tests meets a code", () => {
    const files = globSync("test/enforcement/cases/**/*.json", { cwd: ROOT });
    assert.ok(files.length > 100);
    const met = files.flatMap((file) => {
      const { expect: { code, stage } = {} }: Case = JSON.parse(read(file));
      return code === undefined || stage === undefined ? [] : [{ code, stage, file }];
    });
    const missing = met.filter(
      ({ code, stage }) => !CODES.find((row) => row.code === code)?.stages.includes(stage),
    );
    assert.deepEqual(missing, []);
    assert.ok(CODES.every(({ stages }) => stages.length > 0 && stages.every(isStage)));
  });

  test("VAI-92 §11 has every event type, whether it is negative, and every member of its detail", () => {
    const rows = table(11, "event negative detail what");
    assert.deepEqual(
      rows.map(([type, negative]) => [bare(type), negative]),
      EVENT_TYPES.map((type) => [type, isNegative(type) ? "yes" : "no"]),
    );
    for (const [type, , detail = ""] of rows) {
      const said = new Set([...quoted(detail), ...shorthands(detail)]);
      const missing = detailMembers(bare(type)).filter((name) => !said.has(name));
      assert.deepEqual(missing, [], type);
      const foreign = quoted(detail).filter(
        (name) => /^\w+$/.test(name) && !DETAILS.includes(` ${name}`),
      );
      assert.deepEqual(foreign, [], `${type} has no such member`);
    }
  });
});

const isStage = (name: string): boolean => (STAGES as readonly string[]).includes(name);

/** The words by which the table of events says several members at once. */
const shorthands = (detail: string): string[] => [
  ...(/(?<!`)\brequest\b(?!`)/.test(detail) ? ["request", "requestDigest", "requestClaims"] : []),
  ...(detail === "end"
    ? ["state", "trigger", "used", "requestedAt", "reconciled", "outcome", "refusal"]
    : []),
  ...(/(?<!`)\border\b(?!`)/.test(detail) ? ["command", "cosign", "do", "by", "reason"] : []),
  ...(detail.includes("in force") ? ["version", "trustPolicyDigest", "restrictionsDigest"] : []),
];

const DETAILS = read("lib/evidence/details.ts");

interface Interface {
  readonly parents: readonly string[];
  readonly members: ReadonlyMap<string, string>;
}

/** The types of details are types alone, so they are read as text: `readonly name: type`, one level deep. */
const INTERFACES = new Map<string, Interface>(
  [...DETAILS.matchAll(/interface (\w+)(?: extends ([\w, <>]+))? \{\n(.*?)\n\}/gs)].map(
    ([, name = "", parents = "", body = ""]) => [
      name,
      {
        parents: parents.split(", ").flatMap((each) => /\w+(?=>?$)/.exec(each) ?? []),
        members: membersIn(body),
      },
    ],
  ),
);

function membersIn(body: string): Map<string, string> {
  const found = [
    ...body.matchAll(/^ {2}readonly (\w+)\??: (.*?)(?=^ {2}(?:readonly|\/\*\*)|$(?![\s\S]))/gms),
  ];
  return new Map(found.map(([, name = "", type = ""]) => [name, type]));
}

function membersOfInterface(name: string): string[] {
  const { parents, members } = INTERFACES.get(name) ?? { parents: [], members: new Map() };
  return [...parents.flatMap(membersOfInterface), ...members.keys()];
}

function detailMembers(event: string): string[] {
  const type = INTERFACES.get("Details")?.members.get(event);
  assert.ok(type, `${event} has no detail`);
  const inline = [...type.matchAll(/^ {4}readonly (\w+)|\{ readonly (\w+)|; readonly (\w+)/gm)].map(
    ([, long, first, next]) => long ?? first ?? next ?? "",
  );
  const named: readonly string[] = type.replace(/\{.*\}/s, "").match(/[A-Z]\w+/g) ?? [];
  const request = named.includes("WithRequest")
    ? ["request", "requestDigest", "requestClaims"]
    : [];
  const all = [...inline, ...request, ...named.flatMap(membersOfInterface)];
  assert.ok(all.length > 0, `${event} has members`);
  return all;
}

suite("lambdas/PROTOCOL.md: actions", () => {
  test("VAI-146 §9 has every action with an example of its target and its class", () => {
    assert.deepEqual(
      table(9, "action resource default class").map(([action, resource, risk]) => [
        bare(action),
        quoted(resource)[0],
        bare(risk),
      ]),
      CATALOGUE.map((each) => [each.action, each.target.example, each.defaultRisk]),
    );
  });

  test("VAI-146 §9 has every parameter of every action, and which are needed and sensitive", async () => {
    const rows = table(9, "action parameter needed form");
    for (const { action, family, knows, sensitive } of CATALOGUE) {
      const mine = rows.filter(([name]) => bare(name) === action);
      const said = mine.map(([, parameter, needed]) => [bare(parameter), needed]);
      assert.deepEqual(said.toSorted(), (await parametersOf(action, family)).toSorted(), action);
      for (const [, parameter, , form = ""] of mine) {
        const name = bare(parameter).replace(/<\w+>/, "a");
        assert.ok(knows(name), name);
        assert.equal(form.endsWith("Sensitive"), sensitive(name), `${action} ${name}`);
      }
    }
    const known = new Set(CATALOGUE.map(({ action }) => action));
    assert.deepEqual(
      rows.filter(([action]) => !known.has(bare(action))),
      [],
    );
  });

  test("VAI-146 §9 has every read with its parameters", () => {
    const rows = table(9, "read parameters resource some paths");
    assert.deepEqual(
      rows.map(([name, , resource]) => [bare(name), bare(resource)]),
      READS.map(({ read: name, target }) => [name, target.example]),
    );
    for (const [index, { problemOf }] of READS.entries()) {
      const first = problemOf({ parameters: {} })?.parameter;
      const [said = "none"] = quoted(rows[index]?.[1]);
      assert.equal(said.split("/")[0], first ?? "none", rows[index]?.[0]);
    }
  });
});

/** Names of parameters with whether they are needed, as the adapter reads them. */
async function parametersOf(action: string, family: string): Promise<string[][]> {
  if (family === "ec2") return [];
  if (family === "dynamodb") {
    const [, families = ""] = /\^\(([a-z|]+)\)/.exec(memberOf.toString()) ?? [];
    return families
      .split("|")
      .map((name) => [`${name}/<attribute>`, name === "expect" ? "no" : "yes"]);
  }
  if (action === "lambda:InvokeFunction")
    return [
      ["payload/clientToken", "yes"],
      ["payload/<member>", "no"],
    ];
  const words = action
    .split(":")[1]
    ?.replace(/(?<!^)[A-Z]/g, "-$&")
    .toLowerCase();
  const schema = await open<z.ZodType>(`lib/actions/${family}/${words}.ts`, "parameters");
  return Object.entries(shapeOf(schema)).map(([name, each]) => [
    name,
    isOptional(each) ? "no" : "yes",
  ]);
}

suite("lambdas/PROTOCOL.md: examples", () => {
  test("DTF-02 the contract and its proof hold under the page's own trust policy", () => {
    const { claims } = CONTRACT;
    const plane = parsePlaneId(PLANE);
    assert.ok(plane);
    const judgements = [
      judgeIssuer(CONTRACT, POLICY),
      judgeIssuerScope(CONTRACT, POLICY),
      judgePlace(claims, plane),
      judgeRegistered(claims, () => true, POLICY),
      judgeClass(claims, POLICY),
      judgeWindow(claims, REQUEST.claims.iat),
      ...PROOF_CHECKS.map(([, check]) => check(INPUT)),
    ];
    assert.deepEqual(
      judgements,
      judgements.map(() => undefined),
    );
    assert.equal(claims.cnf.jkt, keyOf("agent").thumbprint);
  });

  test("VAI-55 the request is the contract's, is signed by its executor, and asks for what it allows", () => {
    assert.equal(good(judgePossession(REQUEST)).thumbprint, CONTRACT.claims.cnf.jkt);
    assert.equal(judgeFreshness(REQUEST, PLANE, INPUT.now), undefined);
    assert.equal(REQUEST.claims.contractDigest, CONTRACT.digest);
    const { operation } = REQUEST.claims;
    assert.ok(STEP && operation);
    assert.equal(
      judgeOperation(STEP, operation, CONTRACT.claims as Contract & { partition: string }),
      undefined,
    );
    assert.equal(fenced("text", "request"), signed("request"));
  });

  test("VAI-43 the granted answer is whole, and its enforcement map is the contract's", () => {
    const answer = example<GrantedAnswer>("granted");
    assertGrantedShape(answer);
    assert.ok(STEP);
    const { enforcement } = good(deriveAuthority(CONTRACT.claims, STEP, POLICY));
    assert.deepEqual(answer.enforcement, enforcement);
    assert.equal(answer.identity.contractDigest, CONTRACT.digest);
    assert.deepEqual(answer.identity.constraints, STEP.parameters);
    assert.deepEqual(
      unnamed(section(4), Object.keys({ ...answer, handle: 0, credentials: 0 })),
      [],
    );
  });

  test("VAI-146 the observed answer is whole, is read as one by `vai`, and its `would` is a refusal of its code", () => {
    const answer = example<RefusedAnswer>("observed");
    assertRefusedShape(answer);
    assert.deepEqual(readAnswer(answer, "issue"), answer);
    assert.equal(failureDomain(answer.code), answer.failureDomain);
    const { would } = answer;
    assert.ok(would?.ok === false && STAGES.indexOf(would.stage) > STAGES.indexOf("retry"));
    assert.equal(UNLOCKS[would.code], "said");
  });

  test("VAI-82 the refused answer is whole, and its domain is its code's", () => {
    const answer = example<RefusedAnswer>("refused");
    assertRefusedShape(answer);
    assert.equal(answer.failureDomain, failureDomain(answer.code));
    assert.equal(answer.retryable, isRetryable(answer.code));
    assert.ok(CODES.find(({ code }) => code === answer.code)?.stages.includes(answer.stage));
  });

  test("POC-06 POC-34 the delegation is read as it stands, and its statement in §3 is made of it", () => {
    const claims = example<DelegateRequest>("delegation");
    const request = good(readDelegateRequest(signJws("vai-request+jwt", claims, keyOf("agent"))));
    assert.deepEqual(request.claims, claims);
    const [jkt = ""] = /A{43}/.exec(fenced("text", "delegation-statement")) ?? [];
    const { designate } = claims;
    const text = library.delegationStatement(claims, {
      parent: null,
      from: { agent: "spiffe://example.org/agent/coordinator", jkt },
      to: { agent: designate.agent ?? "", jkt: designate.jkt ?? "" },
    });
    assert.equal(`${fenced("text", "delegation-statement")}\n`, text);
    assert.ok(section(3).includes(`Its digest is \`${sha256Digest(text)}\``));
    const answer = example<DelegatedAnswer>("delegated");
    assert.deepEqual(readDelegatedAnswer(answer, "delegate"), answer);
    const { depth, expiresAt, ...block } = answer.block;
    assert.deepEqual([depth, Date.parse(expiresAt)], [1, claims.exp * 1000]);
    assert.deepEqual([block.jkt, block.agent], [designate.jkt, designate.agent]);
    assert.deepEqual([block.audience, block.retain], [claims.audience, claims.retain]);
  });

  test("OKG-14 the handle is the one of the granted answer, and its redemption names it", () => {
    const { identity } = example<GrantedAnswer>("granted");
    const { operation } = REQUEST.claims;
    const facts = {
      ...identity,
      executor: keyOf("agent").thumbprint,
      operationDigest: documentDigest(operation),
    };
    assert.deepEqual(block("handle"), handleClaims(PLANE, facts));
    good(readHandle(`${handleInput()}.${Buffer.alloc(64).toString("base64url")}`));
    const redemption = good(readExecuteRequest(signed("redemption")));
    assert.equal(redemption.claims.handleDigest, sha256Digest(handleInput()));
    assert.equal(redemption.claims.contractDigest, CONTRACT.digest);
  });

  test("VAI-40 the trust policy is read under its anchor, and the restrictions are what is written", () => {
    const anchor = verificationKey(keyOf("anchor").jwk);
    const believed = readTrustPolicy(signed("trust-policy"), [anchor]);
    assert.ok("policy" in believed, JSON.stringify(believed));
    assert.equal(fenced("json", "restrictions"), restrictionsText(NO_RESTRICTIONS));
  });

  test("VAI-24 records and seal of §5 hold as they stand, and no other record does", () => {
    const texts = RECORDS.map((each) => canonicalize(each));
    const [{ keyid = "", sig = "" } = {}] = SEAL.signatures;
    const payload = Buffer.from(SEAL.payload, "base64");
    const seal = sealText(payload, keyid, Buffer.from(sig, "base64"));
    assert.equal(canonicalize(SEAL), seal);
    assert.deepEqual(JSON.parse(payload.toString("utf8")), block("statement"));
    const rows = (records: readonly string[]) =>
      records.map((record, at) => ({ record, ...(at === 1 && { seal }) }));
    const found = verifyRecords(rows(texts), [planeKey("evidence")]);
    assert.deepEqual([found.verdict, found.defectCount, found.seals], ["unanchored", 0, 1]);
    const other = texts.map((text) => text.replace("DENY", "ALLOW"));
    assert.equal(verifyRecords(rows(other), [planeKey("evidence")]).verdict, "tampered");

    const { id: chainId } = RECORDS[0].chain;
    const stored = rows(texts).map((row, at) => ({ ...row, chainId, seq: at + 1, sealSeq: 2 }));
    const head = { seq: 2, hash: sha256Digest(texts[1] ?? "") };
    const chain = { plane: PLANE, chainId, keys: evidenceKeys(POLICY) };
    assert.ok(!("defect" in openChain({ rows: stored, head }, chain)));
  });

  test("VAI-03 a plane writes the records of §5 for the command that the page names", async () => {
    const plane = await newPlane();
    await plane.govern({ op: "dance" });
    const chainId = plane.chains().find((id) => id.startsWith("unattributed/")) ?? "";
    const essence = ({ event, decision, detail, ...others }: EvidenceRecord) => [
      ...[event.type, decision, detail],
      Object.keys(others).toSorted(),
    ];
    assert.deepEqual(plane.records(chainId).map(essence), RECORDS.map(essence));
    assert.equal(chainId.slice(-1), RECORDS[0].chain.id.slice(-1));
  });

  test("VAI-64 every test vector is what the examples give", () => {
    const [intent, context] = ["intent", "context"].map((name) => documentDigest(block(name)));
    const decision = digestOf(signed("decision"));
    const intentChain = `intent/${CONTRACT.claims.intent.id}`;
    const { id: chainId } = RECORDS[0].chain;
    const proof = documentDigest({ approvals: [], attestations: [], context, decision, intent });
    assert.equal(proof, PROOF.digest);
    const pae = preAuthEncoding(PAYLOAD_TYPE, Buffer.from(SEAL.payload, "base64"));
    const vectors = {
      "digest of the intent": intent,
      "digest of the context": context,
      "digest of the decision": decision,
      "proof digest": proof,
      "digest of the contract": digestOf(signed("contract")),
      "digest of the request": digestOf(signed("request")),
      "content digest of the request (§4, retries)": requestContentDigest(REQUEST.claims),
      "digest of the operation": documentDigest(REQUEST.claims.operation),
      "digest of the handle (its header in JCS)": sha256Digest(handleInput()),
      "digest of the trust policy": digestOf(signed("trust-policy")),
      "`prev` of trust policy 1": trustPolicyGenesis(PLANE),
      [`\`prev\` of the first record of \`${intentChain}\``]: genesisHead(PLANE, intentChain).hash,
      [`\`prev\` of the first record of \`${chainId}\``]: genesisHead(PLANE, chainId).hash,
      "`recordHash` of the first record of §5": sha256Digest(canonicalize(RECORDS[0])),
      "`recordHash` of the second": sha256Digest(canonicalize(RECORDS[1])),
      "SHA-256 of the PAE of the seal of §5": sha256Digest(pae),
      "digest of the restrictions of §6": sha256Digest(fenced("json", "restrictions")),
      "session name of the identity of §4": sessionName(
        example<GrantedAnswer>("granted").identity.identityId,
      ),
      "digest of the JCS text below": documentDigest(block("jcs")),
    };
    const rows = tablesOf(PAGE).find(({ header }) => header === "what value")?.rows ?? [];
    assert.deepEqual(Object.fromEntries(rows.map(([what, value]) => [what, bare(value)])), vectors);
    assert.equal(fenced("text", "jcs"), canonicalize(block("jcs")));
    const hello = preAuthEncoding("http://example.com/HelloWorld", Buffer.from("hello world"));
    assert.equal(fenced("text", "pae"), Buffer.from(hello).toString("utf8"));
    for (const use of ["evidence", "plane"]) {
      const row = tablesOf(PAGE)
        .flatMap((each) => each.rows)
        .find(([who]) => who === use);
      assert.equal(bare(row?.[2]), sha256Thumbprint(use));
    }
  });

  test("VAI-58 every JSON block of the page can be read", () => {
    for (const [, name = ""] of PAGE.matchAll(/^```json ?(\S*)$/gm)) block(name);
  });
});

const verificationKey = (jwk: SigningKey["jwk"]) => {
  const key = readPublicJwk(jwk);
  assert.ok(typeof key !== "string");
  return key;
};

suite("the pages for authors", () => {
  test("USR-11 §12 lists exactly what the library exports", () => {
    const said = table(12, "export what").map(([name]) => bare(name).split("(")[0]);
    assert.deepEqual(said.toSorted(), Object.keys(library).toSorted());
    const types = read("lib/index.ts").matchAll(/export type \{([^}]+)\}/g);
    const listed = [...types].flatMap(([, all = ""]) => all.split(",").map((name) => name.trim()));
    assert.deepEqual(unnamed(section(12), listed), []);
  });

  for (const file of ["lambdas/PROTOCOL.md", "lambdas/README.md", "README.md"]) {
    test(`USR-11 the links of ${file} lead somewhere`, () => {
      const broken = [...read(file).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, link = ""]) => link)
        .filter((link) => !/^https?:/.test(link) && !leads(file, link));
      assert.deepEqual(broken, []);
    });
  }
});

/** Whether a link leads to a file, and to a heading of it. */
function leads(from: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? from : join(dirname(from), path);
  if (!existsSync(join(ROOT, target))) return false;
  if (anchor === undefined) return true;
  const headings = [...read(target).matchAll(/^#{1,6} (.+)$/gm)].map(([, text = ""]) => slug(text));
  return headings.includes(anchor);
}

/** The anchor that a heading has on the sites that show Markdown. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
