import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { STSClient } from "@aws-sdk/client-sts";
import { descriptorOf } from "../../actions/catalogue.ts";
import type { AwsCredentials } from "../../actions/client-settings.ts";
import { isOpened, type OpenTargets } from "../../actions/opened.ts";
import { loadFamily } from "../../actions/reader.ts";
import { readOf } from "../../actions/reads.ts";
import { systemClock } from "../../clock.ts";
import { ENV, parsePlaneId } from "../../config.ts";
import { readPublicJwk, type VerificationKey } from "../../encoding/jwk.ts";
import { present } from "../../encoding/present.ts";
import type { IssueDeps, PlaneDeps } from "../../enforcement/deps.ts";
import { S3BreakGlassStore } from "../ports/break-glass/store.ts";
import { type ClientPlace, functionOptions, REQUEST_TIMEOUT } from "../ports/clients.ts";
import { DynamoDenialStore } from "../ports/denials.ts";
import { DynamoEvidenceStore } from "../ports/evidence-store.ts";
import { orFault } from "../ports/faults.ts";
import { KmsSigner } from "../ports/kms-signer.ts";
import { boundBy, type Lifetime, unending } from "../ports/lifetime.ts";
import { DynamoRegistryStore } from "../ports/registry-store.ts";
import { DynamoRefusalCounter } from "../ports/state.ts";
import { assumeRoleBy, cutSessionBy, readerCredentialsBy } from "../ports/sts.ts";
import type { Tables } from "../ports/transaction.ts";
import { readTargetKeys } from "./target-keys.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a function is told by its stack; anything missing stops it before it serves. @throws {TypeError}. */
export function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === "")
    throw new TypeError(`the environment variable ${name} is not set`);
  return value;
}

/** A setting that is one of two; anything else stops the function before it serves. @throws {TypeError}. */
export function isTold(environment: Environment, name: string): boolean {
  const value = required(environment, name);
  if (value !== "true" && value !== "false") throw new TypeError(`${name} is not true or false`);
  return value === "true";
}

function readAnchors(text: string): VerificationKey[] {
  const anchors = (JSON.parse(text) as unknown[]).map(readPublicJwk);
  const bad = anchors.find((anchor) => typeof anchor === "string");
  if (bad !== undefined || anchors.length < 1 || anchors.length > 2) {
    throw new TypeError(`${ENV.anchors} must hold one or two public JWKs`);
  }
  return anchors as VerificationKey[];
}

/** How a function's clients are made: until when a try may begin, and milliseconds that one may take. */
export interface Patience {
  readonly lifetime: Lifetime;
  readonly patience: number;
}

export const boundsOf = ({ lifetime, patience }: Patience) => ({
  ...{ lifetime, clock: systemClock, longest: patience },
});

export interface PlanePorts {
  readonly deps: PlaneDeps;
  readonly dynamo: DynamoDBClient;
  readonly tables: Tables;
}

export function planePorts(component: string, environment: Environment, how: Patience): PlanePorts {
  const plane = parsePlaneId(required(environment, ENV.plane));
  if (plane === undefined) throw new TypeError(`${ENV.plane} is not a plane id`);
  const tables = {
    evidence: required(environment, ENV.evidenceTable),
    state: required(environment, ENV.stateTable),
    registry: required(environment, ENV.registryTable),
  };
  const place = { ...placeOf(plane.region, environment), patience: how.patience };
  const bounds = boundsOf(how);
  const dynamo = boundBy(new DynamoDBClient(functionOptions(place)), bounds);
  const kms = boundBy(new KMSClient(functionOptions(place)), bounds);
  const deps = {
    plane,
    component,
    anchors: readAnchors(required(environment, ENV.anchors)),
    clock: systemClock,
    newId: randomUUID,
    sleep: async (milliseconds: number) => {
      await sleep(milliseconds);
    },
    random: Math.random,
    evidence: new DynamoEvidenceStore(dynamo, tables),
    signer: new KmsSigner(kms, required(environment, ENV.evidenceKeyId)),
    planeSigner: new KmsSigner(kms, required(environment, ENV.planeKeyId)),
    registry: new DynamoRegistryStore(dynamo, tables),
    counter: new DynamoRefusalCounter(dynamo, tables.state),
    breakGlass: new S3BreakGlassStore(
      ({ S3Client }) =>
        boundBy(
          new S3Client({
            ...functionOptions(place),
            forcePathStyle: place.endpoint !== undefined,
            followRegionRedirects: false,
          }),
          bounds,
        ),
      required(environment, ENV.breakGlassBucket),
    ),
    memory: { handles: new Map(), keyLooks: new Map() },
  };
  return { deps, dynamo, tables };
}

/** Ports of a function that issues: those of the plane, STS and the reader roles. */
export function issueDependencies(
  component: string,
  environment: Environment,
  lifetime: Lifetime = unending(),
  patience = REQUEST_TIMEOUT,
): IssueDeps {
  const how = { lifetime, patience };
  const { deps, dynamo, tables } = planePorts(component, environment, how);
  const place = { ...placeOf(deps.plane.region, environment), patience };
  const stsOf = (credentials?: AwsCredentials) =>
    boundBy(
      new STSClient(functionOptions({ ...place, ...present({ credentials }) }, 1)),
      boundsOf(how),
    );
  const isCut = isTold(environment, ENV.scopedCredentials);
  const targets = openTargetsOf(environment);
  return {
    ...{ ...deps, ...readerPorts(deps, environment, how) },
    readOf,
    isOpened: (family, resource) => isOpened(targets, family, resource),
    targetKeys: targetKeysOf(deps, environment),
    assumeRole: assumeRoleBy(stsOf()),
    cutSession: isCut ? cutSessionBy(stsOf) : undefined,
    denials: new DynamoDenialStore(dynamo, tables),
  };
}

export const openTargetsOf = (environment: Environment): OpenTargets =>
  JSON.parse(required(environment, ENV.targets)) as OpenTargets;

function targetKeysOf({ plane }: PlaneDeps, environment: Environment) {
  const own = [ENV.evidenceKeyId, ENV.planeKeyId].map((name) => required(environment, name));
  return readTargetKeys(required(environment, ENV.targetKeys), plane, own);
}

/** The catalogue, and the reader roles by which targets are looked at. */
export function readerPorts(deps: PlaneDeps, environment: Environment, how: Patience) {
  const { plane, clock } = deps;
  const place = { ...placeOf(plane.region, environment), patience: how.patience };
  const sts = boundBy(new STSClient(functionOptions(place)), boundsOf(how));
  const opened = {
    targets: openTargetsOf(environment),
    targetKeys: targetKeysOf(deps, environment),
  };
  const reader = readerCredentialsBy(sts, opened, clock, plane.region);
  return {
    descriptorOf,
    // With the session comes the client that reads by it, and calls: nothing is left to load once a call is announced.
    readerCredentials: async (roleArn: string, family: string) => {
      const [credentials] = await Promise.all([reader(roleArn, family), loaded(family)]);
      return credentials;
    },
    ...present({ targetEndpoint: place.endpoint }),
  };
}

const loaded = (family: string): Promise<void> =>
  orFault("DEPENDENCY_UNAVAILABLE", `loading the client of ${family}`, () => loadFamily(family));

export const placeOf = (region: string, environment: Environment): ClientPlace => {
  const endpoint = environment["AWS_ENDPOINT_URL"];
  return { region, ...present({ endpoint }) };
};
