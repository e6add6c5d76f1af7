/** Forward passes in float64 with plain loops, written from the networks' definitions alone. */

export type Rows = readonly (readonly number[])[];
type Weights = (name: string) => { readonly shape: readonly number[]; readonly values: ArrayLike<number> };

export interface ReferenceSettings {
  readonly heads: number;
  readonly eps: number;
  readonly act: (x: number) => number;
}

/** Abramowitz and Stegun would do for six digits; this series gives all of a double for the small x of these tests. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

export const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));
export const geluTanh = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
export const quickGelu = (x: number): number => x / (1 + Math.exp(-1.702 * x));
export const silu = (x: number): number => x / (1 + Math.exp(-x));
export const relu = (x: number): number => Math.max(0, x);

const add = (a: Rows, b: Rows): Rows => a.map((row, i) => row.map((value, j) => value + (b[i]?.[j] ?? NaN)));
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);

export class ReferenceNetwork {
  readonly #weights: Weights;
  readonly #settings: ReferenceSettings;

  constructor(weights: Weights, settings: ReferenceSettings) {
    this.#weights = weights;
    this.#settings = settings;
  }

  vector(name: string): number[] {
    return Array.from(this.#weights(name).values);
  }

  /** All but the first axis flattened. */
  rows(name: string): number[][] {
    const { shape, values } = this.#weights(name);
    const [count = 1] = shape;
    const width = values.length / count;
    return Array.from({ length: count }, (_, i) => Array.from(values).slice(i * width, (i + 1) * width));
  }

  linear(x: Rows, name: string, hasBias = true): Rows {
    const weight = this.rows(`${name}.weight`);
    const bias = hasBias ? this.vector(`${name}.bias`) : weight.map(() => 0);
    return x.map((row) => weight.map((out, i) => dot(row, out) + (bias[i] ?? NaN)));
  }

  norm(x: Rows, name: string): Rows {
    const weight = this.vector(`${name}.weight`);
    const bias = this.vector(`${name}.bias`);
    return x.map((row) => {
      const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
      const scale = 1 / Math.sqrt(variance + this.#settings.eps);
      return row.map((value, i) => (value - mean) * scale * (weight[i] ?? NaN) + (bias[i] ?? NaN));
    });
  }

  attention(
    x: Rows,
    names: { readonly query: string; readonly key: string; readonly value: string; readonly out: string },
    counts: readonly boolean[] = x.map(() => true),
  ): Rows {
    const [q, k, v] = [names.query, names.key, names.value].map((name) => this.linear(x, name));
    const width = x[0]?.length ?? 0;
    const size = width / this.#settings.heads;
    const mixed = (q ?? []).map((row) =>
      Array.from({ length: this.#settings.heads }, (_, h) => {
        const part = (from: readonly number[]) => from.slice(h * size, (h + 1) * size);
        const powers = (k ?? []).map((key, j) =>
          counts[j] === true ? Math.exp(dot(part(row), part(key)) / Math.sqrt(size)) : 0,
        );
        const total = powers.reduce((sum, value) => sum + value, 0);
        return Array.from({ length: size }, (_value, i) =>
          (v ?? []).reduce(
            (sum, value, j) => sum + ((powers[j] ?? NaN) / total) * (part(value)[i] ?? NaN),
            0,
          ),
        );
      }).flat(),
    );
    return this.linear(mixed, names.out);
  }

  mlp(x: Rows, up: string, down: string): Rows {
    return this.linear(
      this.linear(x, up).map((row) => row.map(this.#settings.act)),
      down,
    );
  }

  /** Pixels [channel][y][x] to the tokens of the last layer, the class token first. */
  visionTokens(
    pixels: readonly Rows[],
    names: {
      readonly classToken: string;
      readonly positions: string;
      readonly patches: string;
      readonly patchBias: boolean;
      readonly firstNorm?: string;
      readonly blocks: readonly {
        readonly query: string;
        readonly key: string;
        readonly value: string;
        readonly out: string;
        readonly up: string;
        readonly down: string;
        readonly before: string;
        readonly after: string;
      }[];
    },
    patch: number,
  ): Rows {
    const side = (pixels[0]?.length ?? 0) / patch;
    const kernels = this.rows(`${names.patches}.weight`);
    const bias = names.patchBias ? this.vector(`${names.patches}.bias`) : kernels.map(() => 0);
    const embedded: number[][] = [this.vector(names.classToken)];
    for (let py = 0; py < side; py++) {
      for (let px = 0; px < side; px++) {
        const values: number[] = [];
        for (const channel of pixels)
          for (let y = 0; y < patch; y++)
            for (let x = 0; x < patch; x++) values.push(channel[py * patch + y]?.[px * patch + x] ?? NaN);
        embedded.push(kernels.map((kernel, i) => dot(values, kernel) + (bias[i] ?? NaN)));
      }
    }
    const width = embedded[0]?.length ?? 0;
    const positions = this.vector(names.positions);
    let x: Rows = embedded.map((row, i) => row.map((value, j) => value + (positions[i * width + j] ?? NaN)));
    if (names.firstNorm !== undefined) x = this.norm(x, names.firstNorm);
    for (const block of names.blocks) {
      x = add(x, this.attention(this.norm(x, block.before), block));
      x = add(x, this.mlp(this.norm(x, block.after), block.up, block.down));
    }
    return x;
  }

  /** BERT's tokens after the last layer. */
  bertTokens(
    ids: readonly number[],
    types: readonly number[],
    mask: readonly number[],
    layers: number,
  ): Rows {
    const table = (name: string) => this.rows(`bert.embeddings.${name}.weight`);
    const [words, places, kinds] = [
      table("word_embeddings"),
      table("position_embeddings"),
      table("token_type_embeddings"),
    ];
    const start = ids.map((id, i) =>
      (words[id] ?? []).map(
        (value, j) => value + (places[i]?.[j] ?? NaN) + (kinds[types[i] ?? -1]?.[j] ?? NaN),
      ),
    );
    let x: Rows = this.norm(start, "bert.embeddings.LayerNorm");
    for (let layer = 0; layer < layers; layer++) {
      const block = `bert.encoder.layer.${layer}.`;
      const names = {
        query: `${block}attention.self.query`,
        key: `${block}attention.self.key`,
        value: `${block}attention.self.value`,
        out: `${block}attention.output.dense`,
      };
      const attended = this.attention(
        x,
        names,
        mask.map((counts) => counts === 1),
      );
      x = this.norm(add(x, attended), `${block}attention.output.LayerNorm`);
      const fed = this.mlp(x, `${block}intermediate.dense`, `${block}output.dense`);
      x = this.norm(add(x, fed), `${block}output.LayerNorm`);
    }
    return x;
  }
}
