import { readFileSync, writeFileSync } from "node:fs";
import type { TestContext } from "node:test";
import type { Governed, Mutation } from "../../support/governed.ts";
import { KEYS, type KeyName } from "../../support/keys.ts";
import { APPROVERS, EVALUATORS, high } from "../../support/people.ts";
import { type Desk, desk } from "./plane-endpoint.ts";

/** A desk with a contract of class HIGH, and the keys of everybody who has a say in it. */
export interface PeopleDesk extends Desk {
  readonly governed: Governed;
  /** The file of contract and proof. */
  readonly held: string;
  /** Private key file of somebody. */
  key(name: KeyName): string;
  /** Options by which an approver of the plane speaks. */
  as(name: keyof typeof APPROVERS): readonly string[];
  /** Options by which an evaluator of the plane speaks. */
  by(name: keyof typeof EVALUATORS): readonly string[];
  /** Writes another file of contract and proof. @returns its path. */
  write(name: string, value: unknown): string;
  /** Every evaluator approves. */
  attestAll(): Promise<void>;
}

export async function peopleDesk(t: TestContext, mutation: Mutation = {}): Promise<PeopleDesk> {
  const found = await desk(t);
  const { file, plane, vai } = found;
  const write = (name: string, value: unknown): string => {
    writeFileSync(file(name), JSON.stringify(value));
    return file(name);
  };
  const outputs = JSON.parse(readFileSync(file("outputs.json"), "utf8"));
  const { jwk, thumbprint } = KEYS.anchor;
  write("outputs.json", { ...outputs, anchor: thumbprint, anchorKeys: [jwk] });
  const key = (name: KeyName): string =>
    write(`${name}.json`, KEYS[name].privateKey.export({ format: "jwk" }));
  const governed = plane.contract(high(plane, mutation));
  const { contract, proof } = governed;
  const held = write("held.json", { contract, proof });
  const by = (name: keyof typeof EVALUATORS) => ["--as", name, "--key", key(EVALUATORS[name].key)];
  return {
    ...{ ...found, governed, held, key, write, by },
    as: (name) => ["--as", name, "--key", key(APPROVERS[name].key)],
    attestAll: async () => {
      for (const name of Object.keys(EVALUATORS) as (keyof typeof EVALUATORS)[]) {
        const { code, out } = await vai(["attest", held, "--verdict", "approve", ...by(name)]);
        if (code !== 0) throw new Error(out);
      }
    },
  };
}
