const done = new Map<string, Promise<unknown>>();

/** Measures what several parts need once a run, under a name. */
export function once<T>(name: string, measure: () => Promise<T>): Promise<T> {
  const known = done.get(name) ?? measure();
  done.set(name, known);
  return known as Promise<T>;
}
