import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { PlaneDeps } from "../../enforcement/deps.ts";
import type { AskPeople } from "../../lifecycle/ports.ts";
import { askPeopleBy } from "../ports/ask-people.ts";
import { functionOptions, REQUEST_TIMEOUT } from "../ports/clients.ts";
import { boundBy, type Lifetime, unending } from "../ports/lifetime.ts";
import { boundsOf, type Environment, placeOf } from "./dependencies.ts";

/** Milliseconds: an answer that stands waits no longer for people to be told of it. */
const TELLING = 1_000;

/** The port by which `issue` and `govern` tell people what is asked of them: in a room of its own, for `execute` has none. */
export function askPeopleOf(
  { plane }: Pick<PlaneDeps, "plane">,
  environment: Environment,
  lifetime: Lifetime = unending(),
  patience = REQUEST_TIMEOUT,
): AskPeople {
  const how = { lifetime, patience: Math.min(patience, TELLING) };
  const place = { ...placeOf(plane.region, environment), patience: how.patience };
  let client: EventBridgeClient | undefined;
  return askPeopleBy(async () => {
    const { EventBridgeClient } = await import("@aws-sdk/client-eventbridge");
    client ??= boundBy(new EventBridgeClient(functionOptions(place, 1)), boundsOf(how));
    return client;
  });
}
