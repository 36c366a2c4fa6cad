import type { Line } from "./measure.ts";
export const measureGoverned = async (): Promise<Line[]> => [];
