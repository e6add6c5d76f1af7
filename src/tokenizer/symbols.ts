import { tokensById } from "./token-ids.ts";

/** Numbers for the texts of tokens, so that pairs of them are compared and found without building strings. */
export class Symbols {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #more = new Map<string, number>();
  readonly #texts: (string | undefined)[];

  /** Tokens that have ids, all below `length`, keep them. */
  constructor(ids: ReadonlyMap<string, number>, length: number) {
    this.#ids = ids;
    this.#texts = tokensById(ids, length);
  }

  /** One more than the largest number. */
  get count(): number {
    return this.#texts.length;
  }

  /** The number of a text, a new one if it has none yet. */
  numberOf(text: string): number {
    const id = this.#ids.get(text);
    // Another token may have the same id.
    if (id !== undefined && this.#texts[id] === text) return id;
    const known = this.#more.get(text);
    if (known !== undefined) return known;
    const number = this.#texts.length;
    this.#more.set(text, number);
    this.#texts.push(text);
    return number;
  }

  textOf(number: number): string {
    return this.#texts[number] ?? "";
  }
}

/** Slots for each pair; at most half of them are taken, so that a search ends soon. */
const SLOTS_PER_PAIR = 2;
const FIRST_SLOTS = 1024;

/** Pairs of symbols in the order in which they were added, each once. */
export class PairList {
  #lefts = new Int32Array(FIRST_SLOTS);
  #rights = new Int32Array(FIRST_SLOTS);
  /** One more than the place of a pair, by its hash or in the next free slot. */
  #slots = new Int32Array(SLOTS_PER_PAIR * FIRST_SLOTS);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  left(place: number): number {
    return this.#lefts[place] ?? -1;
  }

  right(place: number): number {
    return this.#rights[place] ?? -1;
  }

  /** The place of a pair, -1 if it is not there. */
  find(left: number, right: number): number {
    return (this.#slots[this.#slotOf(left, right)] ?? 0) - 1;
  }

  /** Adds a pair behind all others, unless it is there. */
  add(left: number, right: number): void {
    const slot = this.#slotOf(left, right);
    if (this.#slots[slot] !== 0) return;
    if (this.#length === this.#lefts.length) {
      this.#grow();
      this.add(left, right);
      return;
    }
    this.#lefts[this.#length] = left;
    this.#rights[this.#length] = right;
    this.#slots[slot] = ++this.#length;
  }

  /** Where a pair is or would be. */
  #slotOf(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    // Multiplicative hashing; the upper bits are the good ones.
    const hash = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place < 0 || (this.#lefts[place] === left && this.#rights[place] === right)) return slot;
    }
  }

  #grow(): void {
    const [lefts, rights] = [this.#lefts, this.#rights];
    this.#lefts = new Int32Array(2 * lefts.length);
    this.#rights = new Int32Array(2 * lefts.length);
    this.#lefts.set(lefts);
    this.#rights.set(rights);
    this.#slots = new Int32Array(SLOTS_PER_PAIR * this.#lefts.length);
    for (let place = 0; place < this.#length; place++)
      this.#slots[this.#slotOf(this.left(place), this.right(place))] = place + 1;
  }
}
