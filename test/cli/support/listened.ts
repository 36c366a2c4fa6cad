import type { Plane } from "../../support/plane.ts";

/** The calls that reach DynamoDB from here on: operation, table, index. */
export function listened(plane: Plane): string[] {
  const asked: string[] = [];
  const client = plane.dynamo.client.bind(plane.dynamo);
  plane.dynamo.client = () => {
    const inner = client();
    const send = (command: {
      input: { TableName?: string; IndexName?: string };
      constructor: { name: string };
    }) => {
      const { TableName = "", IndexName = "" } = command.input;
      asked.push(
        [command.constructor.name.replace("Command", ""), TableName, IndexName].join(" ").trim(),
      );
      return inner.send(command as never);
    };
    return { send } as never;
  };
  return asked;
}
