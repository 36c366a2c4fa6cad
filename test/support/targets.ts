import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { type ClientSettings, clientOptions } from "../../lib/actions/client-settings.ts";
import type {
  ActionDescriptor,
  CallDescription,
  CallOutcome,
  Operation,
  PreRead,
  ReadBack,
} from "../../lib/actions/descriptor.ts";
import { attributesOf } from "../../lib/actions/dynamodb/parameters.ts";
import { outcomeOf, readFault } from "../../lib/actions/outcome.ts";
import type { PlainJson } from "../../lib/actions/plain-answer.ts";
import type { TargetRead } from "../../lib/actions/read.ts";
import { readOf as realReadOf } from "../../lib/actions/reads.ts";
import type { Faults } from "./faults.ts";

/** The world that actions change: one alias and one item. */
export interface TargetState {
  readonly alias: { revision: number; mainVersion: string; weights: Record<string, number> };
  readonly item: Record<string, unknown>;
}

/** A bounded call as the target saw it: by whom, and what exactly. */
export interface TargetCall {
  readonly action: string;
  readonly accessKeyId: string;
  readonly input: CallDescription["input"];
}

/** What a call touches: the targets, which only bounded calls change. */
const READ = { touches: [{ table: "targets", isWrite: false }] };
const CALL = { touches: [{ table: "targets", isWrite: true }] };

/**
 * The real descriptors with their calls to AWS replaced by a function's alias and a table's item in memory.
 * Everything else of them, from parameters to the description of the call, is what production uses.
 */
export class Targets {
  readonly state: TargetState = {
    alias: { revision: 1, mainVersion: "6", weights: {} },
    item: { pk: "svc-a", weight: 1 },
  };
  readonly calls: TargetCall[] = [];
  /** Credentials of the reads before and after, by access key id. */
  readonly readers: string[] = [];
  /** What assumptions see, by read: AWS answers one after the other, the last one for ever. */
  readonly answers = new Map<string, PlainJson[]>();
  /** Targets that lie under a KMS key. */
  readonly underKey = new Set<string>();
  /** Targets whose encryption was looked at, in order. */
  readonly keyLooks: string[] = [];
  /** What the target answers instead of the effect asked for. */
  instead: ((call: TargetCall) => CallOutcome | undefined) | undefined;
  readonly #faults: Faults;
  readonly #byAction: ReadonlyMap<string, ActionDescriptor>;

  constructor(faults: Faults) {
    this.#faults = faults;
    this.#byAction = new Map(CATALOGUE.map((real) => [real.action, this.#wrap(real)]));
  }

  readonly descriptorOf = (action: string): ActionDescriptor | undefined =>
    this.#byAction.get(action);

  readonly readOf = (name: string): TargetRead | undefined => {
    const real = realReadOf(name);
    if (real === undefined) return undefined;
    return {
      ...real,
      fetch: async (_request, settings) => {
        this.readers.push(clientOptions(settings, 1).credentials.accessKeyId);
        try {
          return await this.#faults.through("target:read", () => this.#answerOf(name), READ);
        } catch (error) {
          throw readFault(name, error);
        }
      },
    };
  };

  #answerOf(name: string): PlainJson {
    const { mainVersion, revision } = this.state.alias;
    const alias = { Name: "live", FunctionVersion: mainVersion, RevisionId: `r${revision}` };
    const [next, ...later] = this.answers.get(name) ?? [];
    if (later.length > 0) this.answers.set(name, later);
    return next ?? (name === "lambda:GetAlias" ? alias : {});
  }

  #wrap(real: ActionDescriptor): ActionDescriptor {
    const { keyUse, preRead, readBack } = real;
    // Of an action that nobody can see nothing is read here either; others read before, whether or not they need it.
    const isSeen = preRead !== undefined || readBack !== undefined;
    return {
      ...real,
      ...(keyUse !== undefined && {
        keyUse: { ...keyUse, lookAt: (target, settings) => this.#lookAt(real, target, settings) },
      }),
      call: (operation, preRead, settings) => this.#call(real, operation, preRead, settings),
      ...(isSeen && {
        preRead: (_operation, settings) => this.#preRead(real, settings),
        readBack: (operation, settings) => this.#readBack(real, operation, settings),
      }),
    };
  }

  /** Everything as it is now, to be put back. */
  saved(): () => void {
    const { alias, item } = structuredClone(this.state);
    const { length } = this.calls;
    return () => {
      Object.assign(this.state.alias, structuredClone(alias));
      for (const name of Object.keys(this.state.item)) delete this.state.item[name];
      Object.assign(this.state.item, item);
      this.calls.length = length;
    };
  }

  async #lookAt(
    { action }: ActionDescriptor,
    target: string,
    settings: ClientSettings,
  ): Promise<boolean> {
    this.readers.push(clientOptions(settings, 1).credentials.accessKeyId);
    this.keyLooks.push(target);
    try {
      return await this.#faults.through("target:key", () => this.underKey.has(target), READ);
    } catch (error) {
      throw readFault(`${action} key look`, error);
    }
  }

  async #preRead({ action }: ActionDescriptor, settings: ClientSettings): Promise<PreRead> {
    this.readers.push(clientOptions(settings, 1).credentials.accessKeyId);
    try {
      const { revision, mainVersion } = this.state.alias;
      const facts =
        action === "lambda:UpdateAlias" ? { revisionId: `r${revision}`, mainVersion } : {};
      return await this.#faults.through("target:preRead", () => ({ facts }) as PreRead, READ);
    } catch (error) {
      throw readFault(`${action} pre-read`, error);
    }
  }

  async #call(
    real: ActionDescriptor,
    operation: Operation,
    preRead: PreRead,
    settings: ClientSettings,
  ): Promise<CallOutcome> {
    const { accessKeyId } = clientOptions(settings, 1).credentials;
    const { input } = real.describeCall(operation, preRead, settings);
    const call = { action: real.action, accessKeyId, input };
    this.calls.push(call);
    try {
      return await this.#faults.through(
        "target:call",
        () => {
          const other = this.instead?.(call);
          if (other !== undefined) return other;
          this.#apply(operation);
          return { status: "succeeded" } as const;
        },
        CALL,
      );
    } catch (error) {
      return outcomeOf(error);
    }
  }

  #apply({ action, parameters }: Operation): void {
    if (action === "lambda:UpdateAlias") {
      const { version, percent } = parameters;
      this.state.alias.weights = percent === 0 ? {} : { [String(version)]: Number(percent) };
      this.state.alias.revision += 1;
      return;
    }
    // What a function did nobody sees but by its answer.
    if (action === "lambda:InvokeFunction") return;
    Object.assign(this.state.item, Object.fromEntries(attributesOf(parameters, "set")));
  }

  async #readBack(
    { action }: ActionDescriptor,
    { parameters }: Operation,
    settings: ClientSettings,
  ): Promise<ReadBack> {
    this.readers.push(clientOptions(settings, 1).credentials.accessKeyId);
    try {
      return await this.#faults.through(
        "target:readBack",
        () => {
          if (action !== "lambda:UpdateAlias") {
            const wanted = attributesOf(parameters, "set");
            const matches = wanted.every(([name, value]) => this.state.item[name] === value);
            return { matches, observed: { item: matches } };
          }
          const { weights } = this.state.alias;
          const seen = weights[String(parameters["version"])] ?? 0;
          return { matches: seen === parameters["percent"], observed: { weights } };
        },
        READ,
      );
    } catch (error) {
      throw readFault(`${action} read-back`, error);
    }
  }
}
