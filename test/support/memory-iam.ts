import type { IAMClient } from "@aws-sdk/client-iam";
import type { Faults } from "./faults.ts";
import { onlyMembers } from "./memory-dynamo.ts";

interface Asked {
  readonly RoleName: string;
  readonly PolicyName: string;
  readonly PolicyDocument?: string;
}

const touching = ({ RoleName: pk, PolicyName: sk }: Asked, isWrite: boolean) => ({
  touches: [{ table: "iam", pk, sk, isWrite }],
});

/** Inline policies of roles, as IAM keeps and answers them; every document that was ever put is kept. */
export class MemoryIam {
  readonly puts: Asked[] = [];
  /** Called before IAM has taken a document. */
  beforePut: () => void = () => {};
  readonly #documents = new Map<string, string>();
  readonly #faults: Faults;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  client(): IAMClient {
    const send = (command: { input: unknown; constructor: { name: string } }): Promise<unknown> => {
      const { name } = command.constructor;
      const asked = command.input as Asked;
      if (name === "GetRolePolicyCommand") {
        return this.#faults.through("iam:read", () => this.#get(asked), touching(asked, false));
      }
      if (name === "PutRolePolicyCommand") {
        return this.#faults.through("iam:write", () => this.#put(asked), touching(asked, true));
      }
      throw new Error(`the fake has no ${name}`);
    };
    return onlyMembers<IAMClient>("IAMClient", { send });
  }

  /** Everything as it is now, to be put back. */
  saved(): () => void {
    const [documents, { length }] = [[...this.#documents], this.puts];
    return () => {
      this.#documents.clear();
      for (const [name, document] of documents) this.#documents.set(name, document);
      this.puts.length = length;
    };
  }

  /** The document of a role's policy `vai-revocations`; the role by name. */
  document(role: string): string | undefined {
    return this.#documents.get(`${role} vai-revocations`);
  }

  /** As if somebody with the right to had put it. */
  plant(role: string, document: string): void {
    this.#documents.set(`${role} vai-revocations`, document);
  }

  #get({ RoleName, PolicyName }: Asked): object {
    const document = this.#documents.get(`${RoleName} ${PolicyName}`);
    if (document === undefined) {
      throw Object.assign(new Error("no such policy"), { name: "NoSuchEntityException" });
    }
    return { RoleName, PolicyName, PolicyDocument: encodeURIComponent(document) };
  }

  #put(asked: Asked): object {
    this.beforePut();
    const { RoleName, PolicyName, PolicyDocument = "" } = asked;
    this.puts.push(asked);
    this.#documents.set(`${RoleName} ${PolicyName}`, PolicyDocument);
    return {};
  }
}
