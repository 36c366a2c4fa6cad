import { NumberValueImpl } from "@aws-sdk/util-dynamodb";

/** A number that a table takes and JavaScript cannot hold, for the tables in memory. */
export const tooPrecise = (): unknown => NumberValueImpl.from("12345678901234567890.5");
