import type { Answer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import type { IssueDeps } from "../../lib/enforcement/deps.ts";
import { readTrust } from "../../lib/enforcement/read/registry.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { ACTOR, type Governed, type Mutation } from "../support/governed.ts";
import { approvedEmergency, attestation, decisionOn, EMERGENCY } from "../support/people.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { astray, rolling } from "../support/rollback.ts";
import { Scheduler } from "../support/schedule/scheduler.ts";
import type { Touch } from "../support/schedule/touch.ts";

/** How authority is used. */
const USES = [
  ...(["issue execute", "issue credentials", "execute"] as const),
  // What is owed behind the call, what takes it back in the same invocation, and what is spooled.
  ...(["issue duty", "issue rollback", "issue emergency"] as const),
] as const;
type Use = (typeof USES)[number];

/** What happens beside it; `unrelated`: a publication that takes nothing from anybody. */
const DENIALS = [
  ...["revokeIdentity", "revokeContract", "haltActor", "publishTrustPolicy", "unrelated"],
  // What people say of a contract that is bound: an objection, and a later decision.
  ...["attest", "supersede"],
] as const;
export type Denial = (typeof DENIALS)[number];

export interface Race {
  readonly use: Use;
  readonly denial: Denial;
}

export const RACES: readonly Race[] = USES.flatMap((use) =>
  DENIALS.map((denial) => ({ use, denial })),
);

export const titleOf = ({ use, denial }: Race): string => `${use} × ${denial}`;

/** What somebody has to say he has seen. */
const DUTY = { kind: "event", name: "confirmed", dueSeconds: 600 };

const MUTATIONS: Readonly<Record<Use, Mutation>> = {
  "issue execute": {},
  "issue credentials": CREDENTIALS,
  execute: HANDLE,
  "issue duty": { contract: { set: { "/obligations": [DUTY] } } },
  "issue rollback": rolling(),
  "issue emergency": {},
};

/** The trust policy foresees emergencies whose evidence may be spooled. */
const FORESEEN = { set: { "/breakGlass": [{ ...EMERGENCY, spool: true }] } };

/** One interleaving of a race, to be played and then looked at. */
export interface Played {
  readonly race: Race;
  readonly plane: Plane;
  readonly scheduler: Scheduler;
  readonly governed: Governed;
  readonly identityId: string;
  /** The command's JWS; of a publication the trust policy's. */
  readonly order: string;
  readonly said: { use?: Answer; denial?: CommandAnswer | Answer };
}

interface Order {
  readonly by: "revoke" | "govern";
  readonly jws: string;
  readonly event: unknown;
}

/** How much longer than asked for every wait takes, as on a busy machine: 5 s of asking an index are three looks. */
const SLOWNESS = 10;

/** A race that can be run again and again, each time from the same beginning. */
export class Stage {
  readonly race: Race;
  /** What each course touches, one behind the other. */
  readonly shared = new Map<string, Touch[]>();
  readonly #plane: Plane;
  readonly #governed: Governed;
  readonly #event: unknown;
  /** What every process remembers that has served before. */
  #memory: IssueDeps["memory"] = { keyLooks: new Map() };
  readonly #putBack: () => void;
  #identityId = "";
  #order: Order | undefined;

  private constructor(race: Race, plane: Plane, governed: Governed, event: unknown) {
    this.race = race;
    this.#plane = plane;
    this.#governed = governed;
    this.#event = event;
    this.#putBack = plane.saved();
  }

  static async of(race: Race): Promise<Stage> {
    const isEmergency = race.use === "issue emergency";
    const plane = await newPlane(isEmergency ? { policy: FORESEEN } : {});
    const mutation = MUTATIONS[race.use];
    const governed = isEmergency ? approvedEmergency(plane) : plane.contract(mutation);
    if (race.denial === "attest" || race.denial === "supersede") {
      const { contract, proof } = governed;
      const bound = await plane.govern({ op: "register", contract, proof });
      if (!bound.ok) throw new Error(JSON.stringify(bound));
    }
    const isHeld = race.use === "execute";
    const event = isHeld
      ? plane.redemption(governed, (await plane.grant(mutation, governed)).handle)
      : plane.event(governed, mutation);
    const stage = new Stage(race, plane, governed, event);
    await stage.#rehearse();
    return stage;
  }

  /**
   * Undisturbed, for what is known beforehand: the trust that a process has seen which served before; as ids are injected,
   * how the identity is going to be called; and what each of the two touches.
   */
  async #rehearse(): Promise<void> {
    const { scheduler, said } = await this.begin();
    await playInOrder(scheduler);
    if (said.use?.ok !== true) throw new Error(`undisturbed: ${JSON.stringify(said.use)}`);
    this.#putBack();
    const warm = this.#plane.process();
    const { trust } = await readTrust(warm);
    if (isRefusal(trust)) throw new Error(trust.detail);
    this.#memory = warm.memory;
    this.#identityId = said.use.identity.identityId;
    this.#order = orderOf(this.#plane, this.race.denial, this.#governed, this.#identityId);
    const both = await this.begin();
    await playInOrder(both.scheduler);
    for (const { course, touches } of both.scheduler.steps) {
      this.shared.set(course, [...(this.shared.get(course) ?? []), ...touches]);
    }
  }

  /** The race from its beginning: both have come to their first calls. */
  async begin(): Promise<Played> {
    this.#putBack();
    const { race } = this;
    const [plane, governed, order] = [this.#plane, this.#governed, this.#order];
    if (race.use === "issue rollback") astray(plane);
    const scheduler = new Scheduler();
    plane.faults.gate = scheduler.gate;
    const said: Played["said"] = {};
    const useDeps = this.#process(scheduler, 1);
    await scheduler.begin("use", async () => {
      const use = race.use === "execute" ? "execute" : "issue";
      said.use = await plane[use](this.#event, useDeps);
    });
    const denialDeps = this.#process(scheduler, 2);
    if (order !== undefined) {
      await scheduler.begin("denial", async () => {
        said.denial = await plane[order.by](order.event, denialDeps);
      });
    }
    const identityId = this.#identityId;
    return { race, plane, scheduler, governed, identityId, order: order?.jws ?? "", said };
  }

  /** A process that has served before, with ids and waits of its own. */
  #process(scheduler: Scheduler, number: number): IssueDeps {
    const { world } = this.#plane;
    let ids = 0;
    return {
      ...this.#plane.process(),
      memory: { ...this.#memory, handles: new Map(), keyLooks: new Map() },
      newId: () => {
        ids += 1;
        return `0198c7d2-000${number}-7000-8000-${ids.toString(16).padStart(12, "0")}`;
      },
      random: () => 0.5,
      sleep: (milliseconds) => {
        const end = world.now + SLOWNESS * milliseconds;
        return scheduler.sleep(() => {
          world.now = Math.max(world.now, end);
        });
      },
    };
  }
}

/** Nobody preempts anybody: whoever began first goes on to his end. */
async function playInOrder(scheduler: Scheduler): Promise<void> {
  const first = () => {
    const enabled = scheduler.enabled();
    return enabled.find(({ course }) => course === "use") ?? enabled[0];
  };
  for (let next = first(); next !== undefined; next = first()) await scheduler.take(next.id);
}

function orderOf(plane: Plane, denial: Denial, governed: Governed, identityId: string): Order {
  const { contract, contractDigest } = governed;
  const command = (claims: Parameters<Plane["command"]>[0], beside = {}): Order => {
    const jws = String(plane.command(claims));
    return { by: "revoke", jws, event: { command: jws, ...beside } };
  };
  const publication = (set: Record<string, unknown>): Order => {
    const jws = String(plane.nextPolicy({ set }).jws);
    return { by: "govern", jws, event: { op: "publishTrustPolicy", trustPolicy: jws } };
  };
  switch (denial) {
    case "revokeIdentity":
      return command({ do: denial, identityId });
    case "revokeContract":
      // Nobody may have seen it before.
      return command({ do: denial, contractDigest }, { contract });
    case "haltActor":
      return command({ do: denial, actorId: ACTOR });
    case "publishTrustPolicy":
      return publication({ "/policies/0/version": "2" });
    case "attest": {
      const jws = String(
        attestation(plane, governed, "state.example", { set: { "/verdict": "reject" } }),
      );
      return { by: "govern", jws, event: { op: denial, contractDigest, attestation: jws } };
    }
    case "supersede": {
      const jws = String(decisionOn(plane, governed, { set: { "/outcome": "DENY" } }));
      const { intent: intentId } = governed.ids;
      return { by: "govern", jws, event: { op: denial, intentId, decision: jws } };
    }
    case "unrelated":
      return publication({ "/policies/1": { id: "other", version: "1", digest: OTHER } });
  }
}

const OTHER = `sha256:${"23".repeat(32)}`;
