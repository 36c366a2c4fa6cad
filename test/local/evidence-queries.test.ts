import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type AttributeValue, DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { blocksOf } from "../audit/support/by-hand.ts";
import { granted, invoke, refused, settingEvent } from "../support/local/agent.ts";
import { intentOf, settingDraft, signDraft } from "../support/local/contracts.ts";
import { readChain } from "../support/local/evidence.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { seedItem } from "../support/local/targets.ts";

const QUERIES = blocksOf("sh").filter((block) => block.includes("aws dynamodb query"));
const indexOf = (block: string): string | undefined => /--index-name (\w+)/.exec(block)?.[1];

/** What a record says of itself; nothing of the row's own attributes is believed here. */
interface Said {
  readonly seq: number;
  readonly type: string;
  readonly at: string;
  readonly outcome: string;
  readonly actor: string | undefined;
  readonly contract: string | undefined;
  readonly identity: string | undefined;
}

let plane: LocalPlane;
let chainId: string;
let said: readonly Said[];
let tools: string;

/** A refusal and a grant under one contract. */
before(async () => {
  plane = await localPlane();
  await seedItem(plane, "indexed");
  const held = signDraft(plane, settingDraft(plane, "indexed"));
  const beyond = settingEvent(plane, held, "indexed", { parameters: { "set/weight": 999 } });
  refused(await invoke(plane, beyond), "PARAMETER_OUT_OF_BOUNDS");
  granted(await invoke(plane, settingEvent(plane, held, "indexed")));
  chainId = `intent/${intentOf(held)}`;
  said = (await readChain(plane, chainId)).map(({ seq, record }) => {
    const { event, decision, actor, contract, identity } = JSON.parse(record);
    return {
      ...{ seq, type: event.type, at: event.at, outcome: decision.outcome },
      ...{ actor: actor?.id, contract: contract?.id, identity: identity?.id },
    };
  });
  tools = mkdtempSync(join(tmpdir(), "vai-aws-"));
  if (spawnSync("aws", ["--version"]).error === undefined) return;
  const program = join(import.meta.dirname, "../support/local/aws-query.ts");
  writeFileSync(join(tools, "aws"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  chmodSync(join(tools, "aws"), 0o755);
});
after(() => rmSync(tools, { recursive: true, force: true }));

/** Runs a query of the page as it stands there, and gives the numbers of this chain's records that it found. */
function found(index: string | undefined, variables: Record<string, string>): number[] {
  const blocks = QUERIES.filter((block) => indexOf(block) === index);
  assert.equal(blocks.length, 1, `${index} is asked by one block of the page`);
  const { endpoint, region, credentials, tables } = plane.outputs;
  const { accessKeyId, secretAccessKey } = credentials.auditor;
  const out = execFileSync("bash", ["-euo", "pipefail", "-c", blocks[0] ?? ""], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: [tools, process.env["PATH"]].join(delimiter),
      EVIDENCE: tables.evidence,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ...variables,
    },
  });
  const { Items } = JSON.parse(out) as { Items: Record<string, AttributeValue>[] };
  const rows = Items.map((item) => unmarshall(item)).filter((row) => row["chainId"] === chainId);
  const sealed = index === undefined;
  for (const row of rows) {
    assert.equal("record" in row, sealed, "an index holds no record");
  }
  return rows.map((row) => Number(row["seq"])).sort((left, right) => left - right);
}

const those = (isIt: (each: Said) => boolean): number[] => {
  const numbers = said.filter(isIt).map(({ seq }) => seq);
  assert.ok(numbers.length > 0);
  return numbers;
};

const only = (values: readonly (string | undefined)[]): string => {
  const [one, ...more] = new Set(values.filter((value) => value !== undefined));
  assert.ok(one !== undefined && more.length === 0);
  return one;
};

suite("VAI-91 VAI-92 the page's queries, run as they stand there, as the auditor", () => {
  test("VAI-92 each index of the table has one, and no other is asked", async () => {
    const { Table } = await plane.deployer.dynamoDb.send(
      new DescribeTableCommand({ TableName: plane.outputs.tables.evidence }),
    );
    const indexes = (Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName);
    assert.deepEqual(
      QUERIES.map(indexOf)
        .filter((index) => index !== undefined)
        .sort(),
      indexes.sort(),
    );
  });

  test("VAI-92 by contract: every record of it", () => {
    const CONTRACT_ID = only(said.map(({ contract }) => contract));
    assert.deepEqual(
      found("byContract", { CONTRACT_ID }),
      those(({ contract }) => contract === CONTRACT_ID),
    );
  });

  test("VAI-92 by actor and time: from one instant to another, both included", () => {
    const ACTOR_ID = only(said.map(({ actor }) => actor));
    const times = said.map(({ at }) => at).sort();
    const [FROM = "", TO = ""] = [times[0], times.at(-1)];
    assert.deepEqual(
      found("byActor", { ACTOR_ID, FROM, TO }),
      those(({ actor }) => actor === ACTOR_ID),
    );
    assert.deepEqual(
      found("byActor", { ACTOR_ID, FROM, TO: FROM }),
      those(({ at, actor }) => at === FROM && actor === ACTOR_ID),
    );
  });

  test("VAI-92 by identity: its course and nothing of the refusal before it", () => {
    const IDENTITY_ID = only(said.map(({ identity }) => identity));
    const numbers = those(({ identity }) => identity === IDENTITY_ID);
    assert.deepEqual(found("byIdentity", { IDENTITY_ID }), numbers);
    assert.ok(numbers.length < said.length);
  });

  test("VAI-92 negative events of a day: the refusal, and nothing of the grant", () => {
    const days = new Set(said.map(({ at }) => at.slice(0, 10)));
    const numbers = [...days].flatMap((DAY) => found("byNegativeDay", { DAY }));
    assert.deepEqual(
      numbers,
      those(({ type }) => ["ProofRejected", "ViolationDetected", "IdentityDenied"].includes(type)),
    );
  });

  test("VAI-92 by event type", () => {
    for (const EVENT_TYPE of ["ViolationDetected", "IdentityIssued"]) {
      assert.deepEqual(
        found("byEventType", { EVENT_TYPE }),
        those(({ type }) => type === EVENT_TYPE),
      );
    }
  });

  test("VAI-91 the records of one intent, whole and in order", () => {
    const INTENT_ID = chainId.slice("intent/".length);
    assert.deepEqual(
      found(undefined, { INTENT_ID }),
      said.map(({ seq }) => seq),
    );
  });
});
