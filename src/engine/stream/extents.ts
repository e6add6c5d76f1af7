interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** Which parts of a file of bounded length are in use: first fit, neighbours that are free are joined. */
export class Extents {
  #free: Extent[];
  /** In bytes; it grows only when `grow` is called. */
  byteLength: number;

  constructor(byteLength: number) {
    this.byteLength = byteLength;
    this.#free = [{ offset: 0, length: byteLength }];
  }

  /** Offset of a part of this length; undefined if there is no room for it in one piece. */
  allocate(length: number): number | undefined {
    const at = this.#free.findIndex((extent) => extent.length >= length);
    const extent = this.#free[at];
    if (extent === undefined) return undefined;
    const rest = { offset: extent.offset + length, length: extent.length - length };
    this.#free.splice(at, 1, ...(rest.length > 0 ? [rest] : []));
    return extent.offset;
  }

  free(offset: number, length: number): void {
    const at = this.#free.findIndex((extent) => extent.offset > offset);
    const position = at < 0 ? this.#free.length : at;
    this.#free.splice(position, 0, { offset, length });
    this.#join(position);
    this.#join(position - 1);
  }

  /** Makes room at the end for a part of this length. */
  grow(length: number): void {
    this.free(this.byteLength, length);
    this.byteLength += length;
  }

  /** Joins the free part at a position with the next one, if nothing lies between. */
  #join(position: number): void {
    const [first, second] = [this.#free[position], this.#free[position + 1]];
    if (first === undefined || second?.offset !== first.offset + first.length) return;
    this.#free.splice(position, 2, { offset: first.offset, length: first.length + second.length });
  }
}
