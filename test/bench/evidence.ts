import { createPublicKey, verify } from "node:crypto";
import { verifyRecords } from "../../lib/audit/verify.ts";
import { preAuthEncoding } from "../../lib/encoding/dsse.ts";
import { newPlane } from "../support/plane.ts";
import { besides, fixed, type Line } from "./measure.ts";

const GOAL = 1.4;

/**
 * Verification of a chain as a stranger does it, beside nothing but a P-256 verification for each record: one seal
 * covers the several records of a transaction, so it is faster than a signature a record could be.
 */
export async function measureVerification(): Promise<Line> {
  const plane = await newPlane();
  const governed = plane.contract();
  const answer = await plane.issue(plane.event(governed));
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  const { rows } = await plane.deps.evidence.readChain(answer.evidence.chainId);
  const seals = rows.flatMap(({ seal }) => (seal === undefined ? [] : [seal]));
  const key = createPublicKey({ key: { ...plane.kms.jwk }, format: "jwk" });
  const raws = seals.map((seal) => {
    const { payload, payloadType, signatures } = JSON.parse(seal);
    const encoded = preAuthEncoding(payloadType, Buffer.from(payload, "base64"));
    return { encoded, signature: Buffer.from(signatures[0].sig, "base64") };
  });
  // As many signatures as there are records.
  const signed = rows.flatMap((_, index) => raws[index % raws.length] ?? []);
  const { ours, theirs } = besides(
    20,
    () => {
      const { verdict } = verifyRecords(rows, [plane.kms.jwk]);
      if (verdict !== "unanchored" && verdict !== "complete") throw new Error(verdict);
    },
    () => {
      for (const { encoded, signature } of signed) {
        if (!verify("sha256", encoded, key, signature)) throw new Error("bad signature");
      }
    },
  );
  return {
    name: `verification of a chain of ${rows.length} records under ${seals.length} seals, against a raw P-256 verification a record`,
    value: `${fixed(theirs / ours)} of the raw rate (${fixed((ours * 1000) / rows.length, 0)} µs a record)`,
    goal: `≥ ${GOAL}`,
    met: theirs / ours >= GOAL,
    how: "vai verify's reading, schema, hashes, links and seals; raw: crypto.verify over DER with a cached key, one core each",
  };
}
