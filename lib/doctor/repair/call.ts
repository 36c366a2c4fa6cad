/** One call of AWS that puts a part of a deployment back: the operation and its input, as the API has them. */
export interface Call {
  readonly service: "dynamodb" | "iam" | "kms" | "lambda";
  readonly operation: string;
  readonly input: Readonly<Record<string, string | number | boolean | object>>;
}

export const call = (service: Call["service"], operation: string, input: Call["input"]): Call => ({
  service,
  operation,
  input,
});

/** A document as the APIs take it. */
export const asText = (document: object): string => JSON.stringify(document);
