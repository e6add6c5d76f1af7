import type { Fail } from "../safetensors/failure.ts";
import { quote } from "../safetensors/failure.ts";
import { ALLOWED_GLOBALS } from "./globals.ts";
import { PickleBytes } from "./pickle-bytes.ts";
import { rebuild, storageOf } from "./rebuild.ts";
import type { Refuse } from "./rebuild.ts";
import { PickleStack } from "./stack.ts";
import { isKind } from "./values.ts";
import type { PickleValue, StoredElements } from "./values.ts";

const NEWEST_PROTOCOL = 5;

/** What the steps of a pickle work on. It makes Maps, arrays and plain values, and calls nothing. */
export class PickleMachine {
  readonly bytes: PickleBytes;
  readonly stack: PickleStack;
  readonly #fail: Fail;
  readonly #storages = new Map<string, StoredElements>();
  /** Set once the pickle has ended. */
  result: PickleValue | undefined;

  constructor(bytes: Uint8Array, fail: Fail) {
    this.bytes = new PickleBytes(bytes, this.refuse);
    this.stack = new PickleStack(fail, this.refuse);
    this.#fail = fail;
  }

  readonly refuse: Refuse = (what) => {
    throw this.#fail("FORMAT_PICKLE", `the pickle is damaged at byte ${this.bytes.at}: ${what}`);
  };

  setProtocol(version: number): void {
    if (version <= NEWEST_PROTOCOL) return;
    const what = `the pickle is of protocol ${version}; the newest known is ${NEWEST_PROTOCOL}`;
    throw this.#fail("FORMAT_PICKLE", what);
  }

  stop(): void {
    this.result = this.stack.pop();
  }

  global(module: PickleValue | undefined, attribute: PickleValue | undefined): void {
    if (typeof module !== "string" || typeof attribute !== "string") this.refuse("a name is not a string");
    const name = `${module}.${attribute}`;
    const meaning = ALLOWED_GLOBALS.get(name);
    if (meaning === undefined) throw this.#unknownGlobal(name);
    this.stack.push({ kind: "global", name, meaning });
  }

  #unknownGlobal(name: string) {
    const what = `it names the Python object ${quote(name)}, which is no part of a plain state dict (nothing of it was run)`;
    const hint =
      "Where you trust the file, load it with torch and save the tensors alone: torch.save(model.state_dict(), path), or safetensors.";
    return this.#fail("FORMAT_PICKLE_GLOBAL", what, hint);
  }

  storage(id: PickleValue): void {
    const storage = storageOf(id, this.refuse);
    const known = this.#storages.get(storage.key) ?? storage;
    if (known.dtype !== storage.dtype || known.length !== storage.length)
      this.refuse(`storage ${quote(storage.key)} is described in two ways`);
    this.#storages.set(storage.key, known);
    this.stack.push(known);
  }

  call([callee, args]: readonly PickleValue[]): void {
    if (!isKind(callee, "global")) return this.refuse("something is called that is no class or function");
    if (!Array.isArray(args)) return this.refuse(`${callee.name} is called without arguments`);
    this.stack.pushObject(rebuild(callee, args, this.refuse));
  }

  append(values: readonly PickleValue[]): void {
    const list = this.stack.top();
    if (isKind(list, "opaque")) return;
    if (!Array.isArray(list)) return this.refuse("values are added to something that is no list");
    this.stack.countItems(values.length);
    for (const value of values) list.push(value);
  }

  setItems(pairs: readonly PickleValue[]): void {
    const map = this.stack.top();
    if (isKind(map, "opaque")) return;
    if (!(map instanceof Map) || pairs.length % 2 !== 0)
      return this.refuse("entries are set in something that is no dictionary");
    this.stack.countItems(pairs.length / 2);
    for (let k = 0; k < pairs.length; k += 2) map.set(pairs[k] ?? null, pairs[k + 1] ?? null);
  }
}
