import { createPublicKey } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withoutAws } from "../machine/environment.ts";
import { run } from "../machine/run.ts";
import type { PlayStage } from "./stage.ts";
import { saysTenPercent } from "./tamper.ts";

/** What `sha256sum` and `openssl` are given: files cut out of the export, as lib/audit/README.md cuts them. */
const CHECK_HASH = ["sha256sum", "--check", "subject.sha256"] as const;
const CHECK_SIGNATURE = [
  ...["openssl", "dgst", "-sha256", "-verify", "evidence-key.pem"],
  ...["-signature", "signature.der", "signed.bin"],
] as const;

/**
 * Verifies the record of the grant with tools of the shell alone: none of our code judges it. Where they are not
 * installed the step is left out, for nothing else here needs them.
 */
export async function oneRecord({ step, work, signal }: PlayStage): Promise<void> {
  const cwd = join(work, "one-record");
  if (
    !(await isInstalled("sha256sum", "--version")) ||
    !(await isInstalled("openssl", "version"))
  ) {
    return;
  }
  await step({
    id: "one-record",
    title: "The record of the grant by itself: one record, verified with sha256sum and openssl.",
    command: `$ ${CHECK_HASH.join(" ")}; ${CHECK_SIGNATURE.join(" ")}`,
    expected: "record.json: OK, Verified OK",
    run: async () => {
      const name = cutOut(join(work, "evidence"), cwd);
      // What they say is compared, so it must not be in the person's own language.
      const env = { ...withoutAws(process.env), LC_ALL: "C" };
      const said: string[] = [];
      for (const [program, ...args] of [CHECK_HASH, CHECK_SIGNATURE]) {
        const { stdout, stderr } = await run(program, args, { cwd, env, signal });
        said.push((stdout || stderr).trim());
      }
      return { seen: said.join(", "), detail: `${name}; files in one-record`, value: undefined };
    },
  });
}

const isInstalled = (program: string, argument: string): Promise<boolean> =>
  run(program, [argument]).then(
    ({ code }) => code === 0,
    () => false,
  );

interface Seal {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string }[];
}

interface Statement {
  readonly subject: readonly {
    readonly name: string;
    readonly digest: { readonly sha256: string };
  }[];
}

/**
 * Cuts the record, what its seal says of it, what was signed, the signature and the key out of an export into files.
 * @returns the record's name.
 * @throws Error when the export has no such record, or no seal names it
 */
function cutOut(evidence: string, to: string): string {
  const records = linesOf(evidence, "records.jsonl");
  const record = records[saysTenPercent(records)];
  if (record === undefined) throw new Error(`${evidence} has no record of the grant`);
  const { chain } = JSON.parse(record) as { readonly chain: { id: string; seq: number } };
  const name = `${chain.id}#${chain.seq}`;
  for (const line of linesOf(evidence, "seals.jsonl")) {
    const { payload, payloadType, signatures } = JSON.parse(line) as Seal;
    const bytes = Buffer.from(payload, "base64");
    const { subject } = JSON.parse(bytes.toString("utf8")) as Statement;
    const named = subject.find((each) => each.name === name);
    if (named === undefined) continue;
    const head = `DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `;
    mkdirSync(to, { recursive: true });
    const write = (file: string, content: string | Buffer) =>
      writeFileSync(join(to, file), content);
    write("record.json", record);
    write("subject.sha256", `${named.digest.sha256}  record.json\n`);
    write("signed.bin", Buffer.concat([Buffer.from(head), bytes]));
    write("signature.der", Buffer.from(signatures[0]?.sig ?? "", "base64"));
    write("evidence-key.pem", evidenceKey(evidence));
    return name;
  }
  throw new Error(`${evidence} has no seal that names ${name}`);
}

const linesOf = (folder: string, name: string): string[] =>
  readFileSync(join(folder, name), "utf8").trimEnd().split("\n");

interface TrustPolicy {
  readonly planeKeys: readonly { readonly use: string; readonly key: Record<string, string> }[];
}

/** The evidence key that the last trust policy of an export names, as openssl reads it. */
function evidenceKey(folder: string): string {
  const claims = linesOf(folder, "trust-policies.jsonl").at(-1)?.split(".")[1] ?? "";
  const { planeKeys } = JSON.parse(Buffer.from(claims, "base64url").toString()) as TrustPolicy;
  const { key = {} } = planeKeys.find(({ use }) => use === "evidence") ?? {};
  return createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
}
