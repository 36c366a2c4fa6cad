import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { type ExportedRow, writeExport } from "../../lib/audit/export.ts";
import { LineFile } from "../../lib/audit/line-file.ts";
import { DynamoEvidenceReader } from "../../lib/aws/ports/evidence-reader.ts";
import type { EvidenceRow } from "../../lib/evidence/row.ts";
import { run } from "./support/cli.ts";
import { exportTo, temporary } from "./support/folder.ts";
import { PLANE, readerOf, writeRows } from "./support/plane.ts";
import { CHAIN, INTENT, type Story, tellStory } from "./support/story.ts";

let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;

before(async () => {
  [story, place] = await Promise.all([tellStory(), temporary()]);
});
after(() => place.remove());

const options = { plane: PLANE, createdAt: "2026-05-05T05:00:00.000Z", anchors: [] };

describe("writeExport", () => {
  test("USR-13 writes records by chain and number, policies and a manifest; the same table gives the same bytes", async () => {
    const [one, two] = await Promise.all([
      exportTo(join(place.path, "one"), story),
      exportTo(join(place.path, "two"), { ...story, rows: story.rows.toReversed() }),
    ]);
    assert.deepEqual((await readdir(one)).sort(), [
      "manifest.json",
      "records.jsonl",
      "seals.jsonl",
      "trust-policies.jsonl",
    ]);
    for (const name of await readdir(one)) {
      assert.equal(
        await readFile(join(one, name), "utf8"),
        await readFile(join(two, name), "utf8"),
      );
    }
    const records = await readFile(join(one, "records.jsonl"), "utf8");
    assert.equal(records, story.rows.map(({ record }) => `${record}\n`).join(""));
    const sealed = story.rows.flatMap(({ seal }) => (seal === undefined ? [] : [`${seal}\n`]));
    assert.equal(await readFile(join(one, "seals.jsonl"), "utf8"), sealed.join(""));
    const manifest = JSON.parse(await readFile(join(one, "manifest.json"), "utf8"));
    const { anchors, chains } = manifest;
    assert.deepEqual([manifest.records, manifest.seals, manifest.trustPolicies], [19, 6, 1]);
    assert.deepEqual(anchors, [story.anchor.jwk]);
    assert.deepEqual(chains[0], {
      id: `intent/${INTENT}`,
      seq: 16,
      hash: story.rows[15]?.recordHash,
    });
    assert.equal(
      await readFile(join(one, "trust-policies.jsonl"), "utf8"),
      `${story.policy.jws}\n`,
    );
  });

  test("USR-13 refuses a folder that is not empty, and an intent without evidence", async () => {
    const folder = await exportTo(join(place.path, "full"), story);
    const again = await writeExport(folder, readerOf(story.rows), options);
    assert.match("problem" in again ? again.problem : "", /not an empty folder/);
    const nobody = await writeExport(join(place.path, "nobody"), readerOf(story.rows), {
      ...options,
      intent: "none",
    });
    assert.match("problem" in nobody ? nobody.problem : "", /no evidence of the intent/);
  });

  /** Fails behind the first chain, and lays a file into the folder meanwhile. */
  const failing = (folder: string, others = false) => ({
    ...readerOf(story.rows),
    async *chain(chainId: string) {
      if (chainId === CHAIN) yield* readerOf(story.rows).chain(chainId);
      if (others) await writeFile(join(folder, "somebody's"), "");
      if (chainId !== CHAIN) throw new Error("the table went away");
    },
  });

  test("USR-13 an export that fails leaves nothing, so the same command can be tried again", async () => {
    const folder = join(place.path, "outer", "broken");
    await assert.rejects(writeExport(folder, failing(folder), options), /went away/);
    await assert.rejects(readdir(join(place.path, "outer")), /ENOENT/);
    const nobody = join(place.path, "nobody's");
    await writeExport(nobody, readerOf(story.rows), { ...options, intent: "none" });
    await assert.rejects(readdir(nobody), /ENOENT/);
    await mkdir(folder, { recursive: true });
    await assert.rejects(writeExport(folder, failing(folder), options), /went away/);
    assert.deepEqual(await readdir(folder), [], "a folder that was there stays");
    assert.ok("records" in (await writeExport(folder, readerOf(story.rows), options)));
  });

  test("USR-13 what somebody else laid into the folder meanwhile stays", async () => {
    const folder = join(place.path, "shared");
    await assert.rejects(writeExport(folder, failing(folder, true), options), /went away/);
    assert.deepEqual(await readdir(folder), ["somebody's"]);
    const taken = join(place.path, "taken");
    const reader = readerOf(story.rows);
    const racing = {
      ...reader,
      chainIds: async () => {
        await mkdir(taken);
        await writeFile(join(taken, "records.jsonl"), "another export's");
        return reader.chainIds();
      },
    };
    await assert.rejects(writeExport(taken, racing, options), /EEXIST/);
    assert.equal(await readFile(join(taken, "records.jsonl"), "utf8"), "another export's");
  });

  test("USR-13 an export that was killed has no manifest and cannot be read", async () => {
    const folder = await exportTo(join(place.path, "killed"), story);
    await rm(join(folder, "manifest.json"));
    assert.equal((await run("verify", folder)).code, 2);
  });

  test("USR-13 a file of an export is its owner's alone, and is written over no file and through no link", async () => {
    const file = (name: string) => join(place.path, name);
    await writeFile(file("mine"), "mine");
    await symlink(file("nowhere"), file("link"));
    for (const name of ["mine", "link"]) {
      await assert.rejects(LineFile.create(file(name)), { code: "EEXIST" });
    }
    assert.equal(await readFile(file("mine"), "utf8"), "mine");
    const folder = await exportTo(file("owned"), story);
    for (const name of await readdir(folder)) {
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name);
    }
  });

  test("USR-13 an export of any length is written as it goes, each line once", async () => {
    const path = join(place.path, "lines");
    const file = await LineFile.create(path);
    const line = "x".repeat(1023);
    for (let count = 0; count < 200; count++) await file.line(line);
    const waiting = 200 * 1024 - (await stat(path)).size;
    assert.ok(waiting < 64 * 1024, `${waiting}`);
    await file.line("last");
    await file.flush();
    await file.flush();
    await file.close();
    assert.equal(await readFile(path, "utf8"), `${`${line}\n`.repeat(200)}last\n`);
  });

  test("VAI-24 a record or seal that somebody broke into lines stays one line and is tampered", async () => {
    const broken = (name: "record" | "seal", at: number) =>
      story.rows.with(at, {
        ...(story.rows[at] as EvidenceRow),
        [name]: story.rows[at]?.[name]?.replace(",", ",\n"),
      });
    for (const [name, at, seq, what] of [
      ["record", 2, 3, "is not the record that was sealed, and is not in RFC 8785 form"],
      ["seal", 8, 8, "has a seal that is not in its one text form"],
    ] as const) {
      const rows = broken(name, at);
      const folder = await exportTo(join(place.path, `lines-${name}`), story, { rows });
      const { out } = await run("verify", folder, "--anchor", story.anchor.thumbprint);
      assert.match(out, new RegExp(`^tampered: ${CHAIN} record ${seq} ${what} `));
    }
  });

  test("USR-13 any other line separator of a text stays as it is: a line is one record to the byte", async () => {
    const said = { said: "one\u2028two\u2029three\u0085\u000b four \ud83d\udd11\ufffd" };
    const spoken = await writeRows(story.key, "unattributed/2026-05-05/f", [
      { type: "IdentityDenied", detail: said },
    ]);
    const rows = [...story.rows, ...spoken];
    const folder = await exportTo(join(place.path, "separators"), story, { rows });
    const lines = (await readFile(join(folder, "records.jsonl"), "utf8")).split("\n");
    assert.equal(lines.at(-2), spoken[0]?.record);
    assert.equal((await run("verify", folder, "--anchor", story.anchor.thumbprint)).code, 0);
  });

  test("USR-16 ADV-66 an export holds no private key, though the deployment's anchor file does", async () => {
    const folder = await exportTo(join(place.path, "secrets"), story);
    for (const name of await readdir(folder)) {
      assert.doesNotMatch(
        await readFile(join(folder, name), "utf8"),
        /"d":|SecretAccessKey|SessionToken/,
      );
    }
  });
});

describe("DynamoEvidenceReader", () => {
  test("USR-13 finds chains by index, reads them consistently page by page, and never scans", async () => {
    const asked: string[] = [];
    const { rows } = story;
    const client = {
      send: async (command: QueryCommand) => {
        asked.push(command.constructor.name);
        const {
          IndexName,
          ConsistentRead,
          ExclusiveStartKey,
          ExpressionAttributeValues = {},
        } = command.input;
        // Reserved words of DynamoDB must not stand in an expression by themselves, whichever these become.
        assert.doesNotMatch(command.input.ProjectionExpression ?? "", /(?<!#)\b(?:record|seal)\b/);
        const [value] = Object.values(ExpressionAttributeValues).map(({ S }) => S);
        assert.equal(ConsistentRead === true, IndexName === undefined);
        const name = IndexName === "byEventType" ? "eventType" : "chainId";
        const found = rows.filter((row) => row[name] === value);
        const from = ExclusiveStartKey === undefined ? 0 : Number(ExclusiveStartKey["at"]?.N);
        const next =
          from + 2 < found.length ? { LastEvaluatedKey: { at: { N: String(from + 2) } } } : {};
        return { Items: found.slice(from, from + 2).map((row) => marshall({ ...row })), ...next };
      },
    };
    const reader = new DynamoEvidenceReader(client as unknown as DynamoDBClient, "evidence");
    assert.deepEqual(
      [...(await reader.chainIds())].sort(),
      [...new Set(rows.map(({ chainId }) => chainId))].sort(),
    );
    const read: ExportedRow[] = [];
    for await (const row of reader.chain(CHAIN)) read.push(row);
    assert.deepEqual(
      read,
      story.rows.slice(0, 16).map(({ seq, record, seal }) => ({
        ...{ seq, record },
        ...(seal !== undefined && { seal }),
      })),
    );
    assert.deepEqual([...new Set(asked)], ["QueryCommand"]);
  });
});
