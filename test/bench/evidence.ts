import { verify } from "node:crypto";
import { verifyRecords } from "../../lib/audit/verify.ts";
import { preAuthEncoding } from "../../lib/encoding/dsse.ts";
import { readPublicJwk, type VerificationKey } from "../../lib/encoding/jwk.ts";
import { newPlane } from "../support/plane.ts";
import { besides, fixed, type Line } from "./measure.ts";

/** Verification of a chain as a stranger does it, beside nothing but its P-256 signatures. */
export async function measureVerification(): Promise<Line> {
  const plane = await newPlane();
  const governed = plane.contract();
  const answer = await plane.issue(plane.event(governed));
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  const { rows } = await plane.deps.evidence.readChain(answer.evidence.chainId);
  const envelopes = rows.map(({ envelope }) => envelope);
  const key = readPublicJwk(plane.kms.jwk) as VerificationKey;
  const raws = envelopes.map((envelope) => {
    const { payload, payloadType, signatures } = JSON.parse(envelope);
    const encoded = preAuthEncoding(payloadType, Buffer.from(payload, "base64"));
    return { encoded, signature: Buffer.from(signatures[0].sig, "base64") };
  });
  const { ours, theirs } = besides(
    20,
    () => {
      const { verdict } = verifyRecords(envelopes, [key.jwk]);
      if (verdict !== "unanchored" && verdict !== "complete") throw new Error(verdict);
    },
    () => {
      for (const { encoded, signature } of raws) {
        if (!verify("sha256", encoded, key.keyObject, signature)) throw new Error("bad signature");
      }
    },
  );
  return {
    name: `verification of a chain of ${envelopes.length} records, against raw P-256 verification`,
    value: `${fixed(theirs / ours)} of the raw rate (${fixed((ours * 1000) / envelopes.length, 0)} µs a record)`,
    goal: "≥ 0.85",
    met: theirs / ours >= 0.85,
    how: "vai verify's reading, schema, links and signatures; raw: crypto.verify over DER with a cached key",
  };
}
