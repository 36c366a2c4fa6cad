import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { Answer, GrantedAnswer } from "../../lib/enforcement/answer.ts";
import { granted, invoke, settingEvent } from "../support/local/agent.ts";
import { intentOf, settingDraft, signDraft } from "../support/local/contracts.ts";
import { type Verified, verifiedChain } from "../support/local/evidence.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { readRow } from "../support/local/tables.ts";
import { readItem, seedItem } from "../support/local/targets.ts";

/** Requests under way at once: enough to race for every barrier, few enough that none waits for the machine. */
const LANES = 8;
const HUNDRED = 100;
/** Tries of one request. */
const TRIES = 12;

/** A request that can be signed anew: the same content under the same idempotency key, so the same request. */
type Signing = () => unknown;

/**
 * Asks as an honest client does. Whoever is told to ask again (the chain stayed contended, AWS did not answer in time)
 * does, freshly signed: a busy machine costs time, and changes no verdict.
 */
async function ask(plane: LocalPlane, sign: Signing, said: Answer[]): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await invoke(plane, sign());
    said.push(answer);
    const isAgain = !answer.ok && answer.retryable && answer.failureDomain === "platform";
    if (!isAgain || tries === TRIES) return answer;
  }
}

/** The last answer to each request, and every answer that was given. */
async function inParallel(
  plane: LocalPlane,
  requests: readonly Signing[],
): Promise<{ answers: Answer[]; said: Answer[] }> {
  const answers: Answer[] = [];
  const said: Answer[] = [];
  const queue = [...requests.entries()];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, sign] = next;
      answers[index] = await ask(plane, sign, said);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { answers, said };
}

const count = (chain: readonly Verified[], type: string): number =>
  chain.filter(({ event }) => event.type === type).length;

/** State's head of a chain is its last record: nothing was lost behind it. */
async function assertHead(plane: LocalPlane, chain: readonly Verified[]): Promise<void> {
  const last = chain.at(-1);
  assert.ok(last);
  const head = await readRow(plane, "state", `chain#${last.chain.id}`, "head");
  assert.deepEqual([head["seq"]?.N, head["hash"]?.S], [`${last.chain.seq}`, last.hash]);
}

test("ADV-13 VAI-68 100 parallel invocations of one request: one authority, no refusal", async () => {
  const plane = await localPlane();
  await seedItem(plane, "raced");
  const held = signDraft(plane, settingDraft(plane, "raced"));
  const idempotencyKey = randomUUID();
  const event = settingEvent(plane, held, "raced", { idempotencyKey });
  const begun = Date.now();
  // The very same bytes while they are fresh; on a machine that needs longer the same request, signed anew.
  const sign = () =>
    Date.now() - begun < 30_000 ? event : settingEvent(plane, held, "raced", { idempotencyKey });
  const { answers } = await inParallel(
    plane,
    Array.from({ length: HUNDRED }, () => sign),
  );

  const grants: GrantedAnswer[] = answers.map(granted);
  const firsts = grants.filter(({ deduplicated }) => !deduplicated);
  assert.equal(firsts.length, 1);
  const [first] = firsts;
  assert.equal(first?.outcome?.status, "succeeded");
  for (const { identity, outcome } of grants) {
    assert.equal(identity.identityId, first?.identity.identityId);
    if (outcome) assert.deepEqual(outcome, first?.outcome);
    else assert.match(identity.state, /^(ISSUED|IN_USE)$/);
  }
  const chain = await verifiedChain(plane, `intent/${intentOf(held)}`);
  assert.deepEqual(
    ["IdentityIssued", "CredentialsMinted", "ExecutionStarted", "IdentityCompleted"].map((type) =>
      count(chain, type),
    ),
    [1, 1, 1, 1],
  );
  assert.equal(count(chain, "RetryDeduplicated"), 1);
  assert.equal(count(chain, "IdentityDenied"), 0);
  await assertHead(plane, chain);
  assert.equal((await readItem(plane, "raced"))?.["weight"], 10);
});

test("OKG-27 VAI-68 100 contracts of as many intents in parallel: each is used once, and none for another", async () => {
  const plane = await localPlane();
  const items = Array.from({ length: HUNDRED }, (_, index) => `apart-${index}`);
  for (const item of items) await seedItem(plane, item);
  const all = items.map((item) => ({ item, held: signDraft(plane, settingDraft(plane, item)) }));
  const requests = all.map(({ item, held }, index) => {
    const change = { parameters: { "set/weight": index % 50 }, idempotencyKey: randomUUID() };
    return () => settingEvent(plane, held, item, change);
  });
  const { answers } = await inParallel(plane, requests);
  const grants = answers.map(granted);
  assert.equal(new Set(grants.map(({ identity }) => identity.identityId)).size, HUNDRED);
  for (const [index, { item, held }] of all.entries()) {
    const [grant] = grants.slice(index);
    assert.deepEqual(
      [grant?.outcome?.status, grant?.identity.intentId],
      ["succeeded", intentOf(held)],
    );
    assert.equal((await readItem(plane, item))?.["weight"], index % 50);
  }
  // A few of the chains are read from the first record to the head.
  for (const { held } of all.slice(0, 5)) {
    const chain = await verifiedChain(plane, `intent/${intentOf(held)}`);
    assert.equal(count(chain, "IdentityCompleted"), 1);
    await assertHead(plane, chain);
  }
});

test("OKG-27 VAI-66 20 parallel requests on a contract of 16 calls: 16 granted, 4 consumed, no fork", async () => {
  const plane = await localPlane();
  await seedItem(plane, "shared");
  const limits = { calls: 16, total: 200 };
  const held = signDraft(plane, settingDraft(plane, "shared", limits));
  const requests = Array.from({ length: 20 }, (_, index) => {
    const change = { parameters: { "set/weight": index % 8 }, idempotencyKey: randomUUID() };
    return () => settingEvent(plane, held, "shared", change);
  });
  const { answers, said } = await inParallel(plane, requests);

  const grants = answers.filter((answer) => answer.ok);
  const codes = answers.flatMap((answer) => (answer.ok ? [] : [answer.code]));
  assert.deepEqual(codes, Array(4).fill("CONTRACT_CONSUMED"));
  const identities = new Set(grants.map(({ identity }) => identity.identityId));
  assert.equal(identities.size, 16);
  for (const { outcome, identity } of grants) {
    assert.deepEqual([outcome?.status, identity.state], ["succeeded", "COMPLETED"]);
  }
  const chain = await verifiedChain(plane, `intent/${intentOf(held)}`);
  for (const type of ["IdentityIssued", "CredentialsMinted", "ExecutionStarted"])
    assert.equal(count(chain, type), 16, type);
  for (const type of ["ExecutionCompleted", "IdentityCompleted"])
    assert.equal(count(chain, type), 16, type);
  assert.equal(count(chain, "IntentSubmitted"), 1);
  assert.equal(count(chain, "ContractBound"), 1);
  // A refusal beyond the 120th record is counted instead of written.
  const written = said.filter((answer) => !answer.ok && answer.evidence).length;
  assert.equal(count(chain, "IdentityDenied"), written);
  for (const { identity, evidence } of grants) {
    const end = chain[evidence.lastSeq - 1];
    assert.deepEqual(
      [end?.event.type, end?.identity?.id, end?.hash],
      ["IdentityCompleted", identity.identityId, evidence.head],
    );
  }
  await assertHead(plane, chain);
});

test("VAI-66 totals hold under parallel requests: what is beyond them is refused", async () => {
  const plane = await localPlane();
  await seedItem(plane, "totalled");
  const limits = { calls: 8, total: 25 };
  const held = signDraft(plane, settingDraft(plane, "totalled", limits));
  const requests = Array.from({ length: 6 }, () => {
    const idempotencyKey = randomUUID();
    return () => settingEvent(plane, held, "totalled", { idempotencyKey });
  });
  const { answers } = await inParallel(plane, requests);
  assert.equal(answers.filter(({ ok }) => ok).length, 2);
  const codes = answers.flatMap((answer) => (answer.ok ? [] : [answer.code]));
  assert.deepEqual(codes, Array(4).fill("SCOPE_EXCEEDED"));
  await assertHead(plane, await verifiedChain(plane, `intent/${intentOf(held)}`));
});
