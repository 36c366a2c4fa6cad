import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { STSClient } from "@aws-sdk/client-sts";
import { descriptorOf } from "../../actions/catalogue.ts";
import { isOpened, type OpenTargets } from "../../actions/opened.ts";
import { loadFamily } from "../../actions/reader.ts";
import { readOf } from "../../actions/reads.ts";
import { systemClock } from "../../clock.ts";
import { ENV, parsePlaneId } from "../../config.ts";
import { readPublicJwk, type VerificationKey } from "../../encoding/jwk.ts";
import { present } from "../../encoding/present.ts";
import type { IssueDeps, PlaneDeps } from "../../enforcement/deps.ts";
import { type ClientPlace, functionOptions, REQUEST_TIMEOUT } from "../ports/clients.ts";
import { DynamoEvidenceStore } from "../ports/evidence-store.ts";
import { orFault } from "../ports/faults.ts";
import { KmsSigner } from "../ports/kms-signer.ts";
import { boundBy, type Lifetime, unending } from "../ports/lifetime.ts";
import { DynamoRegistryStore } from "../ports/registry-store.ts";
import { DynamoRefusalCounter } from "../ports/state.ts";
import { assumeRoleBy, readerCredentialsBy } from "../ports/sts.ts";
import { readTargetKeys } from "./target-keys.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a function is told by its stack; anything missing stops it before it serves. @throws {TypeError}. */
function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === "")
    throw new TypeError(`the environment variable ${name} is not set`);
  return value;
}

function readAnchors(text: string): VerificationKey[] {
  const anchors = (JSON.parse(text) as unknown[]).map(readPublicJwk);
  const bad = anchors.find((anchor) => typeof anchor === "string");
  if (bad !== undefined || anchors.length < 1 || anchors.length > 2) {
    throw new TypeError(`${ENV.anchors} must hold one or two public JWKs`);
  }
  return anchors as VerificationKey[];
}

/** Ports of a function that governs, from its environment. `patience`: milliseconds that one try of a call may take. */
export function planeDependencies(
  component: string,
  environment: Environment,
  lifetime: Lifetime = unending(),
  patience = REQUEST_TIMEOUT,
): PlaneDeps {
  const plane = parsePlaneId(required(environment, ENV.plane));
  if (plane === undefined) throw new TypeError(`${ENV.plane} is not a plane id`);
  const tables = {
    evidence: required(environment, ENV.evidenceTable),
    state: required(environment, ENV.stateTable),
    registry: required(environment, ENV.registryTable),
  };
  const place = { ...placeOf(plane.region, environment), patience };
  const bounds = { lifetime, clock: systemClock, longest: patience };
  const dynamo = boundBy(new DynamoDBClient(functionOptions(place)), bounds);
  const kms = boundBy(new KMSClient(functionOptions(place)), bounds);
  return {
    plane,
    component,
    anchors: readAnchors(required(environment, ENV.anchors)),
    clock: systemClock,
    newId: randomUUID,
    sleep: (milliseconds) => sleep(milliseconds),
    random: Math.random,
    evidence: new DynamoEvidenceStore(dynamo, tables),
    signer: new KmsSigner(kms, required(environment, ENV.evidenceKeyId)),
    planeSigner: new KmsSigner(kms, required(environment, ENV.planeKeyId)),
    registry: new DynamoRegistryStore(dynamo, tables),
    counter: new DynamoRefusalCounter(dynamo, tables.state),
    memory: { handles: new Map(), keyLooks: new Map() },
  };
}

/** Ports of a function that issues: those of the plane, STS and the reader roles. */
export function issueDependencies(
  component: string,
  environment: Environment,
  lifetime: Lifetime = unending(),
  patience = REQUEST_TIMEOUT,
): IssueDeps {
  const deps = planeDependencies(component, environment, lifetime, patience);
  const bounds = { lifetime, clock: deps.clock, longest: patience };
  const place = { ...placeOf(deps.plane.region, environment), patience };
  const targets = JSON.parse(required(environment, ENV.targets)) as OpenTargets;
  const own = [ENV.evidenceKeyId, ENV.planeKeyId].map((name) => required(environment, name));
  const targetKeys = readTargetKeys(required(environment, ENV.targetKeys), deps.plane, own);
  const readerSts = boundBy(new STSClient(functionOptions(place)), bounds);
  const reader = readerCredentialsBy(
    readerSts,
    { targets, targetKeys },
    deps.clock,
    deps.plane.region,
  );
  return {
    ...deps,
    descriptorOf,
    isOpened: (family, resource) => isOpened(targets, family, resource),
    readOf,
    targetKeys,
    assumeRole: assumeRoleBy(boundBy(new STSClient(functionOptions(place, 1)), bounds)),
    // With the session comes the client that reads by it, and calls: nothing is left to load once a call is announced.
    readerCredentials: async (roleArn, family) => {
      const [credentials] = await Promise.all([reader(roleArn, family), loaded(family)]);
      return credentials;
    },
    ...present({ targetEndpoint: place.endpoint }),
  };
}

const loaded = (family: string): Promise<void> =>
  orFault("DEPENDENCY_UNAVAILABLE", `loading the client of ${family}`, () => loadFamily(family));

const placeOf = (region: string, environment: Environment): ClientPlace => {
  const endpoint = environment["AWS_ENDPOINT_URL"];
  return { region, ...present({ endpoint }) };
};
