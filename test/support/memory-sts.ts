import type { STSClient } from "@aws-sdk/client-sts";
import type { AwsCredentials } from "../../lib/actions/client-settings.ts";
import type { CutAnswer, CutInput } from "../../lib/issuance/cut-session.ts";
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
  /** What sessions of execution roles asked to be cut to. */
  readonly cuts: { readonly as: AwsCredentials; readonly asked: CutInput }[] = [];
  /** What STS answers to a cut instead. */
  cutInstead: ((answer: CutAnswer) => unknown) | undefined;
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

  /** STS as a session of an execution role calls it. */
  clientOf(as: AwsCredentials): STSClient {
    const send = (command: { input: unknown; constructor: { name: string } }): Promise<unknown> => {
      if (command.constructor.name !== "GetScopedCredentialsCommand") {
        throw new Error(`the fake has no ${command.constructor.name} of a session`);
      }
      const asked = command.input as CutInput;
      this.cuts.push({ as, asked });
      return this.#faults.through("sts:cut", () => {
        const answer = this.#cut(as, asked);
        return this.cutInstead === undefined ? answer : this.cutInstead(answer);
      });
    };
    return onlyMembers<STSClient>("STSClient", { send });
  }

  #cut({ sessionToken }: AwsCredentials, { DurationSeconds: seconds = 900 }: CutInput): CutAnswer {
    const assumed = this.executions.find(
      ({ RoleSessionName: name }) => sessionToken === `token of ${name}`,
    );
    if (assumed === undefined) throw new Error("cut by a session that the fake never gave");
    const { RoleSessionName: name, RoleArn } = assumed;
    const [, , , , account = "", role = ""] = RoleArn.split(":");
    return {
      Credentials: {
        AccessKeyId: `ASIACUT${name.replace(/\W/g, "").toUpperCase().padEnd(13, "0").slice(0, 13)}`,
        SecretAccessKey: `cut secret of ${name}`,
        SessionToken: `cut token of ${name}`,
        Expiration: new Date(this.#clock() + seconds * 1000),
      },
      SessionInfo: {
        ScopedSessionId: `AROAEXAMPLE:${name}`,
        Arn: `arn:aws:sts::${account}:assumed-role/${role.split("/").at(-1)}/${name}`,
      },
    };
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
