/** Lets at most so many things happen at a time; the others wait in order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(action: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await action();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

/** Runs an action for each item, at most `count` at a time; after a failure no more are started, and it is thrown. */
export async function forEachOf<T>(
  items: readonly T[],
  count: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  let failed = false;
  const work = async () => {
    for (let item = queue.shift(); item !== undefined && !failed; item = queue.shift()) {
      try {
        await action(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(count, items.length) }, work));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
