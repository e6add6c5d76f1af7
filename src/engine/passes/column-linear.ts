import type { ColumnLinearPass } from "../requests.ts";
import type { Workbench } from "../workbench.ts";
import { ColumnLayout } from "./columns.ts";
import type { Pass, Runner } from "./pass.ts";

/** Writes a linear combination whose anchor, scale and coefficients differ from column to column. */
export const columnLinearPass: Pass<"columnLinear"> = {
  reads: ({ anchors, coefficients }, bench) =>
    bench.operands.map((_, k) => anchors.includes(k) || (coefficients[k]?.some((c) => c !== 0) ?? false)),
  writesFrom: (bench) => bench.output,
  start: (request, bench) => new ColumnLinearRunner(request, bench),
  merge: () => undefined,
};

/** An operand with the address of a table over the period: of its coefficients, or of a mask. */
interface Tabled {
  readonly operand: number;
  readonly table: number;
}

class ColumnLinearRunner implements Runner<undefined> {
  readonly #bench: Workbench;
  readonly #layout: ColumnLayout;
  readonly #elementBytes: number;
  readonly #scales: number;
  readonly #terms: readonly Tabled[];
  /** More than one: each is taken where its mask is set. */
  readonly #anchors: readonly Tabled[];

  constructor({ anchors, scales, coefficients }: ColumnLinearPass, bench: Workbench) {
    this.#bench = bench;
    this.#layout = new ColumnLayout(scales.length);
    this.#elementBytes = bench.arithmetic === "F64" ? 8 : 4;
    const tableBytes = this.#layout.period * this.#elementBytes;
    let address = bench.reserve(tableBytes * (1 + 2 * bench.operands.length));
    const place = (write: (address: number) => void): number => {
      write(address);
      address += tableBytes;
      return address - tableBytes;
    };
    this.#scales = place((at) => this.#fill(at, scales));
    this.#terms = coefficients.flatMap((values, operand) =>
      values.every((c) => c === 0) ? [] : [{ operand, table: place((at) => this.#fill(at, values)) }],
    );
    this.#anchors = [...bench.operands.keys()]
      .filter((k) => anchors.includes(k))
      .map((operand) => ({ operand, table: place((at) => this.#mask(at, anchors, operand)) }));
  }

  #fill(address: number, values: Float64Array): void {
    const view = this.#elementBytes === 8 ? Float64Array : Float32Array;
    const table = new view(this.#bench.memory.buffer, address, this.#layout.period);
    for (let i = 0; i < table.length; i++) table[i] = this.#layout.at(values, i);
  }

  #mask(address: number, anchors: ArrayLike<number>, operand: number): void {
    const { period } = this.#layout;
    const mask = new Uint8Array(this.#bench.memory.buffer, address, period * this.#elementBytes);
    for (let i = 0; i < period; i++) {
      const byte = this.#layout.at(anchors, i) === operand ? 255 : 0;
      mask.fill(byte, i * this.#elementBytes, (i + 1) * this.#elementBytes);
    }
  }

  segment(offset: number, n: number): void {
    const bench = this.#bench;
    const { kernels, arithmetic } = bench;
    const [scaleBy, addDeltaBy] = [kernels[`scaleBy${arithmetic}`], kernels[`addDeltaBy${arithmetic}`]];
    const a = this.#anchor(offset, n);
    const sum = bench.accumulator(offset, 1);
    this.#eachPiece(offset, n, (at, table, length) =>
      scaleBy(a + at, this.#scales + table, sum + at, length),
    );
    for (const { operand, table: coefficients } of this.#terms) {
      const x = this.#operand(operand, offset, n);
      this.#eachPiece(offset, n, (at, table, length) =>
        addDeltaBy(x + at, a + at, sum + at, coefficients + table, length),
      );
    }
    bench.encode(sum, offset, n);
  }

  /** Address of the anchor of each element: an operand, or put together from several. */
  #anchor(offset: number, n: number): number {
    const bench = this.#bench;
    const [only, ...others] = this.#anchors;
    if (only !== undefined && others.length === 0) return bench.floats(only.operand, offset, n, 0);
    const blend = bench.kernels[`blend${bench.arithmetic}`];
    const target = bench.scratch(0);
    for (const { operand, table: mask } of this.#anchors) {
      const source = this.#operand(operand, offset, n);
      this.#eachPiece(offset, n, (at, table, length) =>
        blend(source + at, mask + table, target + at, length),
      );
    }
    return target;
  }

  #operand(operand: number, offset: number, n: number): number {
    return this.#bench.floats(operand, offset, n, this.#bench.operands.length + 1);
  }

  /** Pieces of a segment as bytes from its start, bytes from the start of a table, and elements. */
  #eachPiece(offset: number, n: number, step: (at: number, table: number, length: number) => void): void {
    const size = this.#elementBytes;
    this.#layout.eachPiece(this.#bench.range.begin + offset, n, (done, place, length) =>
      step(done * size, place * size, length),
    );
  }

  finish(): undefined {
    return undefined;
  }
}
