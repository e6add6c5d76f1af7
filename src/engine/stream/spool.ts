import type { Block } from "./blocks.ts";
import { Extents } from "./extents.ts";

/** A block that is, or is about to be, in the spool. */
interface Resident {
  readonly offset: number;
  /** Tasks that are using it now. */
  users: number;
  /** Tasks that will have used it when they are done. */
  tasksLeft: number;
  readonly arrived: Promise<void>;
}

/** What the spool asks of its owner. */
export interface SpoolActions {
  /** Fetches a block's bytes and writes them from `offset` of the spool on. */
  readonly fetch: (block: Block, offset: number) => Promise<void>;
  /** Called for a block that has come; it stays until the promise is kept. */
  readonly keep?: (block: Block, offset: number) => Promise<void>;
  /** Asked to keep the promise for some blocks, since others need the room; false if there are none. */
  readonly makeRoom?: () => boolean;
}

const lengthOf = ({ begin, end }: Block) => end - begin;

/**
 * Blocks of far-away files in a file of bounded length. A block comes when a task first asks for it and goes when the last
 * one is done with it; should the models store their tensors in very different orders, the one unused for longest
 * makes room and comes again.
 */
export class Spool {
  readonly #extents: Extents;
  readonly #actions: SpoolActions;
  /** In the order of last use. */
  readonly #residents = new Map<Block, Resident>();
  /** Tasks of blocks that had to make room, and are to come again. */
  readonly #tasksLeft = new Map<Block, number>();
  /** Requests for room are served one after the other, so that none is starved by smaller ones. */
  #turn: Promise<void> = Promise.resolve();
  /** Steps that have all their blocks and will release them. */
  #steps = 0;
  /** Blocks on their way: what has come may wait for one of them, and then goes. */
  #coming = 0;
  #onRelease: (() => void) | undefined;

  constructor(byteLength: number, actions: SpoolActions) {
    this.#extents = new Extents(byteLength);
    this.#actions = actions;
  }

  get byteLength(): number {
    return this.#extents.byteLength;
  }

  /** Offset of a block that is in use. */
  offsetOf(block: Block): number | undefined {
    return this.#residents.get(block)?.offset;
  }

  /** Runs a step while the blocks are there; `done`: the task that they are for is over with it. */
  async using<T>(blocks: readonly Block[], done: boolean, step: () => Promise<T>): Promise<T> {
    // What is there already is held at once: its holder may be the one whom the others wait for.
    const residents = this.#holdPresent(blocks) ?? (await this.#inTurn(() => this.#hold(blocks)));
    this.#steps += 1;
    try {
      await Promise.all(residents.map(({ arrived }) => arrived));
      return await step();
    } finally {
      this.#steps -= 1;
      for (const block of blocks) this.#release(block, done);
      this.#onRelease?.();
    }
  }

  async #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const mine = before.then(step);
    this.#turn = mine.then(
      () => undefined,
      () => undefined,
    );
    return await mine;
  }

  #holdPresent(blocks: readonly Block[]): Resident[] | undefined {
    const present = blocks.flatMap((block) => this.#residents.get(block) ?? []);
    if (present.length < blocks.length) return undefined;
    for (const resident of present) resident.users += 1;
    return present;
  }

  async #hold(blocks: readonly Block[]): Promise<Resident[]> {
    // Those that are there must not make room for the others.
    const present = blocks.map((block) => this.#residents.get(block));
    for (const resident of present) if (resident !== undefined) resident.users += 1;
    const held: Resident[] = [];
    for (const [k, block] of blocks.entries()) held.push(present[k] ?? (await this.#bring(block)));
    return held;
  }

  async #bring(block: Block): Promise<Resident> {
    const offset = await this.#allocate(lengthOf(block));
    const arrived = this.#actions.fetch(block, offset);
    const tasksLeft = this.#tasksLeft.get(block) ?? block.tasks;
    // One user is who asked for it, the other whoever keeps it.
    const resident = { offset, users: 2, tasksLeft, arrived };
    this.#residents.set(block, resident);
    this.#coming += 1;
    const came = () => {
      this.#coming -= 1;
      // Kept before the next one asks for room: what waits for this block is about to go.
      const kept = this.#actions.keep?.(block, offset);
      this.#onRelease?.();
      return kept;
    };
    arrived
      .then(came)
      .then(() => {
        this.#release(block, false);
        this.#onRelease?.();
      })
      // Whoever waits for it is told.
      .catch(() => undefined);
    return resident;
  }

  async #allocate(length: number): Promise<number> {
    for (;;) {
      const offset = this.#extents.allocate(length);
      if (offset !== undefined) return offset;
      if (this.#makeRoom()) continue;
      const released = new Promise<void>((resolve) => (this.#onRelease = resolve));
      if (this.#steps + this.#coming > 0 || this.#actions.makeRoom?.() === true) await released;
      // Pieces of what this very task holds may stand in the way: nobody else will release any.
      else this.#extents.grow(length);
    }
  }

  /** Lets the block go that nobody has used for longest. */
  #makeRoom(): boolean {
    for (const [block, resident] of this.#residents) {
      if (resident.users > 0) continue;
      this.#tasksLeft.set(block, resident.tasksLeft);
      this.#drop(block, resident);
      return true;
    }
    return false;
  }

  #release(block: Block, done: boolean): void {
    const resident = this.#residents.get(block);
    if (resident === undefined) return;
    resident.users -= 1;
    if (done) resident.tasksLeft -= 1;
    this.#residents.delete(block);
    this.#residents.set(block, resident);
    if (resident.users === 0 && resident.tasksLeft <= 0) this.#drop(block, resident);
  }

  #drop(block: Block, { offset }: Resident): void {
    this.#residents.delete(block);
    this.#extents.free(offset, lengthOf(block));
  }
}
