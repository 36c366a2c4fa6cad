import * as z from "zod";
import { isDigest } from "../encoding/digest.ts";
import { digest, label } from "../encoding/members.ts";
import { readBy } from "../encoding/schema.ts";
import type { Read } from "../encoding/strict-json.ts";

/** Names of the files in an export folder (PROTOCOL.md §5). */
export const FILES = {
  records: "records.jsonl",
  seals: "seals.jsonl",
  trustPolicies: "trust-policies.jsonl",
  manifest: "manifest.json",
} as const;

const head = z.strictObject({
  id: label,
  seq: z.int().min(1),
  hash: z.string().refine(isDigest).pipe(digest),
});

const schema = z.strictObject({
  version: z.literal(1),
  plane: label,
  createdAt: z.string(),
  /** With `--intent`: the one intent whose chain is here beside `plane/registry`. */
  intent: label.optional(),
  records: z.int().min(0),
  seals: z.int().min(0),
  trustPolicies: z.int().min(0),
  chains: z.array(head),
  /** Public keys of anchors. They prove nothing by being here; the verifier's own thumbprints pick one. */
  anchors: z.array(z.unknown()),
});

/**
 * Table of contents of an export. It is not signed: it shows what was lost from a folder after its export, not what
 * the exporter left out, nor what somebody took away who could write the manifest too.
 */
export type Manifest = z.infer<typeof schema>;

export function readManifest(text: string): Read<Manifest> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, pointer: "", detail: "is not JSON" };
  }
  return readBy(schema as z.ZodType<Manifest>, value);
}
