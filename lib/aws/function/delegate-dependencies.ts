import { descriptorOf } from "../../actions/catalogue.ts";
import { isOpened } from "../../actions/opened.ts";
import { readOf } from "../../actions/reads.ts";
import type { DelegateDeps } from "../../enforcement/deps.ts";
import { REQUEST_TIMEOUT } from "../ports/clients.ts";
import { type Lifetime, unending } from "../ports/lifetime.ts";
import { type Environment, openTargetsOf, planePorts } from "./dependencies.ts";

/** Ports of `delegate`: those of the plane, and by what a contract is judged. No STS: it obtains no session of anything. */
export function delegateDependencies(
  component: string,
  environment: Environment,
  lifetime: Lifetime = unending(),
  patience = REQUEST_TIMEOUT,
): DelegateDeps {
  const targets = openTargetsOf(environment);
  return {
    ...planePorts(component, environment, { lifetime, patience }).deps,
    ...{ descriptorOf, readOf },
    isOpened: (family, resource) => isOpened(targets, family, resource),
  };
}
