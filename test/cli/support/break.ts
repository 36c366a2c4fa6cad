import { DEPLOYMENT, roleArn, type World } from "./healthy.ts";
import type { Document } from "./policies.ts";

/** One thing wrong with a deployment, and what must be said about it. */
export interface Broken {
  readonly name: string;
  readonly change: (world: World) => void;
  readonly subject: RegExp;
  readonly text: RegExp;
}

type SeenOf<T> = { status: "seen"; value: T };

/** The value of something that a healthy world shows. */
export function shown<T extends object = object>(seen: { status: string } | undefined): T {
  if (seen?.status !== "seen") throw new Error("the healthy world shows it");
  return (seen as SeenOf<T>).value;
}

export type Setting = Record<string, unknown>;
/** Changes members in place. */
export const put = (what: object, change: object): void => {
  Object.assign(what, change);
};
export const functionOf = (world: World, use: keyof typeof DEPLOYMENT.functions) => {
  const found = world.functions[DEPLOYMENT.functions[use]];
  if (found === undefined) throw new Error(use);
  return found;
};
export const setFunction =
  (use: keyof typeof DEPLOYMENT.functions, change: Setting) => (world: World) =>
    put(shown<Setting>(functionOf(world, use).setting), change);
export const setEnvironment = (name: string, value: string) => (world: World) =>
  put(shown<{ environment: Setting }>(functionOf(world, "execute").setting).environment, {
    [name]: value,
  });
export const tableOf = (world: World, use: keyof typeof DEPLOYMENT.tables) => {
  const found = world.tables[DEPLOYMENT.tables[use]];
  if (found === undefined) throw new Error(use);
  return found;
};
const keyOf = (world: World, id: string) => {
  const found = world.keys[id];
  if (found === undefined) throw new Error(id);
  return found;
};
export const evidenceKey = (world: World) => keyOf(world, DEPLOYMENT.evidenceKeyId);
export const planeKey = (world: World) => keyOf(world, DEPLOYMENT.planeKeyId);
const roleOf = (world: World, name: string) => {
  const found = world.roles[roleArn(name)];
  if (found === undefined) throw new Error(name);
  return found;
};

/** Changes statements of a document in place. */
export const withStatement = (document: object, sid: string, change: Setting): void =>
  put((document as Document).Statement.find(({ Sid }) => Sid === sid) ?? {}, change);
export const withoutStatement = (document: object, sid: string): void => {
  const policy = document as Document;
  policy.Statement = policy.Statement.filter(({ Sid }) => Sid !== sid);
};
export const addStatement = (document: object, statement: Setting): void =>
  void (document as Document).Statement.push(statement);

/** Changes what the stack wrote. */
export const editTemplate = (world: World, edit: (text: string) => string): void => {
  const facts = shown<{ template: string }>(world.stack);
  const edited = edit(facts.template);
  if (edited === facts.template) throw new Error("the edit changes nothing");
  facts.template = edited;
};

export const ROOT = { AWS: "arn:aws:iam::000000000000:root" };
export const STRANGER = { AWS: "arn:aws:iam::000000000000:user/mallory" };
export const functionRole = (world: World, use: string) => roleOf(world, `vai-test-${use}`);
export const execution = (world: World) => roleOf(world, "exec-lambda");
export const reader = (world: World) => roleOf(world, "read-lambda");
