import type { STSClient } from "@aws-sdk/client-sts";
import type { Faults } from "./faults.ts";
import { onlyMembers } from "./memory-dynamo.ts";

/** One AssumeRole as it was asked for. */
export interface AssumedRole {
  readonly RoleArn: string;
  readonly RoleSessionName: string;
  readonly SourceIdentity?: string;
  readonly DurationSeconds: number;
  readonly Policy: string;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

/** STS that notes what it was asked, and answers credentials that say whose they are. */
export class MemorySts {
  /** Execution roles: the authority that this is all about. */
  readonly executions: AssumedRole[] = [];
  readonly readers: AssumedRole[] = [];
  /** What STS answers instead, once it has been asked: an error, or another answer. */
  instead: (() => unknown) | undefined;
  readonly #faults: Faults;
  readonly #clock: () => number;

  constructor(faults: Faults, clock: () => number) {
    this.#faults = faults;
    this.#clock = clock;
  }

  client(): STSClient {
    const send = (command: { input: unknown; constructor: { name: string } }): Promise<unknown> => {
      if (command.constructor.name !== "AssumeRoleCommand") {
        throw new Error(`the fake has no ${command.constructor.name}`);
      }
      const input = command.input as AssumedRole;
      const isReader = input.RoleSessionName === "vai-reader";
      (isReader ? this.readers : this.executions).push(input);
      // Nobody's session depends on another's.
      return this.#faults.through(
        isReader ? "reader" : "sts",
        () => (isReader || this.instead === undefined ? this.#answer(input) : this.instead()),
        { touches: [] },
      );
    };
    return onlyMembers<STSClient>("STSClient", { send });
  }

  #answer({ RoleSessionName: name, DurationSeconds: seconds }: AssumedRole): object {
    return {
      Credentials: {
        AccessKeyId: `ASIA${name.replace(/\W/g, "").toUpperCase().padEnd(16, "0").slice(0, 16)}`,
        SecretAccessKey: `secret of ${name}`,
        SessionToken: `token of ${name}`,
        Expiration: new Date(this.#clock() + seconds * 1000),
      },
    };
  }
}
