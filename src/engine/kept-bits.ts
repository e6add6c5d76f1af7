import type { Mask, RankedMask } from "../methods/mask.ts";
import { elementCount } from "../tensor/shape.ts";
import type { Shape } from "../tensor/shape.ts";
import type { RangeSums } from "./requests.ts";

/** Bounds what is held for each tensor under way: the bits of 33 million entries. Those beyond are ranked again. */
const ROOM_BYTES = 4 * 2 ** 20;

/** Memory for bits that threads share. It is used again and again, since each of them would free it only some day. */
export class BitRooms {
  readonly #free: SharedArrayBuffer[] = [];

  take(): SharedArrayBuffer {
    return this.#free.pop() ?? new SharedArrayBuffer(ROOM_BYTES);
  }

  giveBack(room: SharedArrayBuffer): void {
    this.#free.push(room);
  }
}

/**
 * What ranked masks keep, from the reading that measures it to the one that combines: ranking takes longer than all else
 * of either.
 */
export class KeptBits {
  readonly #rooms: BitRooms;
  readonly #isWhole: boolean;
  #room: SharedArrayBuffer | undefined;
  #masks: readonly Mask[] = [];
  #bits: readonly Uint8Array[] = [];

  /** `count`: elements of the unit, which may be a part of the tensor or a group of tensors. */
  constructor(shape: Shape, count: number, rooms: BitRooms) {
    this.#rooms = rooms;
    this.#isWhole = count === elementCount(shape);
  }

  /** Room for the bits of each mask, where it is of use. */
  roomFor(masks: readonly Mask[]): readonly Uint8Array[] | undefined {
    if (!this.#isWhole || !masks.some(({ kind }) => kind === "ranked")) return undefined;
    const room = (this.#room ??= this.#rooms.take());
    const bytes = Math.floor(ROOM_BYTES / masks.length);
    return masks.map((_, i) => new Uint8Array(room, i * bytes, bytes));
  }

  /** Takes over what a reading told of masks. */
  remember(masks: readonly Mask[], bits: readonly Uint8Array[] | undefined, { told }: RangeSums): void {
    this.#masks = masks;
    this.#bits = told && bits !== undefined ? bits : [];
  }

  /** The masks with what is known of them. */
  complete(masks: readonly Mask[]): readonly Mask[] {
    return masks.map((mask, i) => {
      const kept = this.#bits[i];
      if (kept === undefined || mask.kind !== "ranked" || !drawsAs(mask, this.#masks[i])) return mask;
      return { ...mask, kept };
    });
  }

  /** To be called when nobody reads or writes bits any more. */
  release(): void {
    if (this.#room !== undefined) this.#rooms.giveBack(this.#room);
    this.#room = undefined;
  }
}

function drawsAs({ density, epsilon, keys: [first, second] }: RankedMask, other: Mask | undefined): boolean {
  if (other?.kind !== "ranked" || other.density !== density || other.epsilon !== epsilon) return false;
  return other.keys[0] === first && other.keys[1] === second;
}
