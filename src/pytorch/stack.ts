import type { Fail } from "../safetensors/failure.ts";
import type { Refuse } from "./rebuild.ts";
import type { PickleValue } from "./values.ts";

/** Python's own pickler recurses, and stops at a nesting of about this. */
const MAX_MARKS = 1_000;
/** Picklers add to a list or dictionary in batches: of a thousand in Python, of all of it in C++. */
const MAX_STACK = 1_000_000;
/** A tensor takes about eight: 60,000 tensors in one file, where the largest published ones have a few thousand. */
const MAX_OBJECTS = 500_000;
/** Entries of dictionaries and lists: the tensors, and the histories that training keeps. */
const MAX_ITEMS = 1_000_000;
/** Objects, and strings. */
const MAX_MEMO = 1_000_000;

/** The stack, marks and memo of the pickle machine, each of bounded length. */
export class PickleStack {
  readonly #items: PickleValue[] = [];
  /** Lengths of the stack at which marks were set. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #objectCount = 0;
  #itemCount = 0;
  readonly #fail: Fail;
  readonly #refuse: Refuse;

  constructor(fail: Fail, refuse: Refuse) {
    this.#fail = fail;
    this.#refuse = refuse;
  }

  push(value: PickleValue): void {
    if (this.#items.length >= MAX_STACK) throw this.#above(`more than ${MAX_STACK} values await their place`);
    this.#items.push(value);
  }

  /** Pushes something newly made. */
  pushObject(value: PickleValue): void {
    if (++this.#objectCount > MAX_OBJECTS) throw this.#above(`more than ${MAX_OBJECTS} objects are made`);
    this.push(value);
  }

  /** Counts what lists and dictionaries are given. */
  countItems(count: number): void {
    this.#itemCount += count;
    if (this.#itemCount > MAX_ITEMS) throw this.#above(`lists hold more than ${MAX_ITEMS} values`);
  }

  pop(): PickleValue {
    this.top();
    return this.#items.pop() ?? null;
  }

  /** Values below the last mark are out of reach. */
  top(): PickleValue {
    const value = this.#items.at(-1);
    if (value === undefined || this.#items.length <= (this.#marks.at(-1) ?? 0))
      return this.#refuse("a value is missing");
    return value;
  }

  /** The top `count` values, the deepest first. */
  take(count: number): PickleValue[] {
    const values: PickleValue[] = [];
    for (let k = 0; k < count; k++) values.push(this.pop());
    return values.reverse();
  }

  mark(): void {
    if (this.#marks.length >= MAX_MARKS)
      throw this.#above(`values are nested deeper than ${MAX_MARKS} levels`);
    this.#marks.push(this.#items.length);
  }

  /** All values above the last mark, which goes with them. */
  takeMarked(): PickleValue[] {
    const mark = this.#marks.pop();
    return mark === undefined ? this.#refuse("a mark is missing") : this.#items.splice(mark);
  }

  /** Stores the top value under a number, by default the next. */
  memoize(key = this.#memo.size): void {
    if (this.#memo.size >= MAX_MEMO) throw this.#above(`more than ${MAX_MEMO} values are kept for later`);
    this.#memo.set(key, this.top());
  }

  recall(key: number): void {
    const value = this.#memo.get(key);
    this.push(value === undefined ? this.#refuse(`no value was kept as ${key}`) : value);
  }

  #above(what: string) {
    return this.#fail("FORMAT_PICKLE_LIMIT", `in its pickle ${what}, more than any checkpoint needs`);
  }
}
