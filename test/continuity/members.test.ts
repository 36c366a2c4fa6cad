import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { readChain } from "../../lib/continuity/chain.ts";
import { readPublicJwk } from "../../lib/encoding/jwk.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { readDelegateRequest, readWithdrawRequest } from "../../lib/request/request.ts";
import { readTrustPolicy } from "../../lib/trust/read.ts";
import { chainOf, chainPolicy, NOW } from "../support/chain.ts";
import { forge, type SignedChange } from "../support/forge.ts";
import { KEYS } from "../support/keys.ts";
import { PLANE } from "../support/trust.ts";
import { START } from "../support/world.ts";

/**
 * Bad input as data: each member of each object missing, null, of another type, empty, doubled, one too long. `kinds` says by
 * which values, and below the member where, if not at it.
 */
interface Data {
  readonly kinds: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly objects: Readonly<Record<string, Subject>>;
}

interface Subject {
  readonly in: keyof typeof READERS;
  readonly under?: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly members: Readonly<Record<string, string>>;
  readonly optional?: readonly string[];
  /** Where it is told, if not at the member. */
  readonly missing?: Readonly<Record<string, string>>;
}

const { kinds, objects }: Data = JSON.parse(
  readFileSync(new URL("members.json", import.meta.url), "utf8"),
);

interface Told {
  readonly code: string;
  readonly pointer: string;
  readonly detail: string;
}

const DIGEST = `sha256:${"0".repeat(64)}`;
const common = {
  ...{ jti: "j", iat: NOW, aud: PLANE, contractDigest: DIGEST, chainDigest: DIGEST },
  idempotencyKey: "k",
};
const DELEGATE = {
  ...{ use: "delegate", ...common, audience: PLANE, exp: NOW + 60, retain: false },
  designate: { jkt: KEYS.refunds.thumbprint, agent: "spiffe://example.org/agent/refunds" },
  authorization_details: [
    {
      ...{ type: "aws", id: "refund", actions: ["lambda:InvokeFunction"], parameters: {} },
      resources: ["arn:aws:lambda:us-east-1:000000000000:function:a:live"],
    },
  ],
  deliveries: ["execute"],
  delegation: { maxDepth: 2, retain: false, labels: ["a"], planes: [] },
};
const WITHDRAW = { use: "withdraw", ...common, block: DIGEST };

const told = (found: unknown): Told | undefined =>
  isRefusal(found)
    ? { code: found.code, pointer: found.pointer ?? "", detail: found.detail }
    : undefined;

/** Where an object stands and by which code it is refused, with whoever reads it. */
const READERS = {
  block: {
    ...{ at: "/chain/2", code: "CHAIN_MALFORMED" },
    read: (change: SignedChange) => told(readChain(chainOf({ block: { "2": change } }).chain)),
  },
  root: {
    ...{ at: "/chain/0", code: "CHAIN_MALFORMED" },
    read: (change: SignedChange) =>
      told(readChain(chainOf({ depth: 0, block: { "0": change } }).chain)),
  },
  asked: {
    ...{ at: "/chain/2/request", code: "CHAIN_MALFORMED" },
    read: (change: SignedChange) => told(readChain(chainOf({ asked: { "2": change } }).chain)),
  },
  delegate: {
    ...{ at: "/request", code: "REQUEST_MALFORMED" },
    read: (change: SignedChange) =>
      told(readDelegateRequest(forge("vai-request+jwt", DELEGATE, "agent", change, START))),
  },
  withdraw: {
    ...{ at: "/request", code: "REQUEST_MALFORMED" },
    read: (change: SignedChange) =>
      told(readWithdrawRequest(forge("vai-request+jwt", WITHDRAW, "agent", change, START))),
  },
  policy: {
    ...{ at: "", code: "form" },
    read: (change: SignedChange): Told | undefined => {
      const anchor = readPublicJwk(KEYS.anchor.jwk);
      assert.ok(typeof anchor !== "string");
      const signed = forge("vai-trust-policy+jwt", chainPolicy(), "anchor", change, START);
      const found = readTrustPolicy(signed, [anchor]);
      return "kind" in found ? { ...found, code: found.kind } : undefined;
    },
  },
} as const;

/** What a member's value is and where it is told, if not at the member itself. */
const badOf = (bad: unknown): { readonly value: unknown; readonly at: string } =>
  typeof bad === "object" && bad !== null && "value" in bad
    ? { at: "", ...(bad as { value: unknown }) }
    : { value: bad, at: "" };

for (const [
  name,
  { in: reader, under = "", set = {}, members, optional, missing },
] of Object.entries(objects)) {
  const { at, code, read } = READERS[reader];
  suite(`bad input: ${name}`, () => {
    test("POC-07 it is good as it stands, and no member more is taken", () => {
      assert.equal(read({ set }), undefined);
      if (name === "agents") return;
      const found = read({ set: { ...set, [`${under}/more`]: 1 } });
      assert.deepEqual([found?.code, found?.pointer], [code, `${at}${under}/more`]);
    });

    for (const [member, kind] of Object.entries(members)) {
      const place = `${under}/${member}`;
      test(`POC-07 ${place}: missing, doubled, and ${Object.keys(kinds[kind] ?? {}).join(", ")}`, () => {
        const isOptional = optional?.includes(member) === true;
        const absent = read({ set, remove: [place] });
        if (isOptional) assert.equal(absent, undefined);
        else {
          const where = at + (missing?.[member] ?? place);
          assert.deepEqual([absent?.code, absent?.pointer], [code, where], absent?.detail);
        }
        for (const [what, bad] of Object.entries(kinds[kind] ?? {})) {
          const { value, at: below } = badOf(bad);
          const found = read({ set: { ...set, [place]: value } });
          assert.deepEqual([found?.code, found?.pointer], [code, at + place + below], what);
          assert.ok((found?.detail.length ?? 0) < 300, what);
        }
        // The one member that a good block lacks.
        const there = member === "approvals" ? { [place]: ["a.b.c"] } : {};
        const twice = read({ set: { ...set, ...there }, rewrite: [doubled(member)] });
        assert.deepEqual([twice?.code, twice?.pointer], [code, at], "doubled");
      });
    }
  });
}

/** The same member once more, before the one that is there: JSON of it is read by most as the last. */
const doubled = (member: string): readonly [string, string] => [
  `"${member}":`,
  `"${member}":null,"${member}":`,
];
