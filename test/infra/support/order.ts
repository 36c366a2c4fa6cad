import type { Template } from "aws-cdk-lib/assertions";
import type { Resource } from "./template.ts";

interface Made extends Resource {
  readonly DependsOn?: string | readonly string[];
}

/** A template's resources by logical id. */
export const made = (template: Template): ReadonlyMap<string, Made> =>
  new Map(Object.entries(template.toJSON()["Resources"] as Record<string, Made>));

/**
 * Everything that CloudFormation makes before a resource, by what it depends on and refers to (AWS CloudFormation
 * template reference, "DependsOn attribute": `Ref` and `Fn::GetAtt` are dependencies too).
 */
export function waitsFor(resources: ReadonlyMap<string, Made>, id: string): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [id];
  for (const each of waiting) {
    const { DependsOn = [], Properties = {} } = resources.get(each) ?? {};
    for (const needed of [[DependsOn].flat(), [...namedIn(Properties)]].flat()) {
      if (!resources.has(needed) || found.has(needed)) continue;
      found.add(needed);
      waiting.push(needed);
    }
  }
  return found;
}

function* namedIn(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, argument] of Object.entries(value)) {
    if (key === "Ref") yield String(argument);
    else if (key === "Fn::GetAtt") yield String([argument].flat()[0]);
    else if (key === "Fn::Sub") {
      for (const [, id = ""] of JSON.stringify(argument).matchAll(/\$\{(\w+)/g)) yield id;
    } else yield* namedIn(argument);
  }
}
