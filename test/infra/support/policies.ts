import type { FoundPolicy } from "../../support/iam-problems.ts";
import type { Resolved } from "./template.ts";

/** Properties that hold the policy of a resource itself, and what `*` means there. */
const ON_RESOURCE: Readonly<Record<string, string>> = {
  AssumeRolePolicyDocument: "role",
  KeyPolicy: "key",
};

/**
 * Every policy document of a template, whatever resource it lies in: found by its shape, so that a
 * new kind of resource is covered by itself.
 */
export function policiesOf(name: string, template: Resolved): FoundPolicy[] {
  return template.all().flatMap(([id, { Properties }]) =>
    documentsIn(Properties, []).map(({ path, document }) => {
      const on = ON_RESOURCE[path.at(-1) ?? ""];
      return {
        where: `${name} ${id}/${path.join("/")}`,
        document: template.resolve(document),
        ...(on !== undefined && { on }),
      };
    }),
  );
}

interface Found {
  readonly path: readonly string[];
  readonly document: unknown;
}

function documentsIn(value: unknown, path: readonly string[]): Found[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray((value as { Statement?: unknown }).Statement))
    return [{ path, document: value }];
  return Object.entries(value).flatMap(([name, part]) => documentsIn(part, [...path, name]));
}
