import type { BackendTensor } from "./arithmetic.ts";
import type { BlockSettings, Linear, Norm, WeightLoader } from "./weights.ts";

/** Names of one transformer block's parts, without ".weight". */
export interface BlockNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly out: string;
  readonly up: string;
  readonly down: string;
  /** The LayerNorm that goes with attention. */
  readonly attentionNorm: string;
  readonly mlpNorm: string;
}

export interface Block {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly out: Linear;
  readonly up: Linear;
  readonly down: Linear;
  readonly attentionNorm: Norm;
  readonly mlpNorm: Norm;
}

/** The tokens of a batch: [count * length, width], sequence after sequence. */
export interface Tokens {
  readonly x: BackendTensor;
  readonly count: number;
  readonly length: number;
}

async function loadBlock(loader: WeightLoader, names: BlockNames, width: number): Promise<Block> {
  const square = (name: string) => loader.linear(name, width, width);
  const up = await loader.linear(names.up, width);
  return {
    query: await square(names.query),
    key: await square(names.key),
    value: await square(names.value),
    out: await square(names.out),
    up,
    down: await loader.linear(names.down, up.out, width),
    attentionNorm: await loader.norm(names.attentionNorm, width),
    mlpNorm: await loader.norm(names.mlpNorm, width),
  };
}

export async function loadBlocks(
  loader: WeightLoader,
  prefix: string,
  namesOf: (layer: string) => BlockNames,
  width: number,
): Promise<Block[]> {
  const blocks: Block[] = [];
  for (let i = 0; i < loader.layerCount(prefix); i++)
    blocks.push(await loadBlock(loader, namesOf(`${prefix}${i}.`), width));
  return blocks;
}

/** One network's blocks with all that running them takes. */
export class Encoder {
  readonly #loader: WeightLoader;
  readonly #settings: BlockSettings;
  readonly #width: number;

  constructor(loader: WeightLoader, settings: BlockSettings, width: number) {
    if (width % settings.heads !== 0)
      throw loader.fault(`has ${settings.heads} attention heads for a width of ${width}`);
    this.#loader = loader;
    this.#settings = settings;
    this.#width = width;
  }

  apply(x: BackendTensor, { weight, bias }: Linear): BackendTensor {
    return this.#loader.arithmetic.linear(x, weight, bias);
  }

  normalize(x: BackendTensor, { weight, bias }: Norm): BackendTensor {
    return this.#loader.arithmetic.layerNorm(x, weight, bias, this.#settings.eps);
  }

  /** h + attention(norm(h)), then h + mlp(norm(h)): CLIP, ViT. */
  preNorm(tokens: Tokens, block: Block): Tokens {
    const { arithmetic } = this.#loader;
    const x = arithmetic.part(() => {
      const normal = { ...tokens, x: this.normalize(tokens.x, block.attentionNorm) };
      const h = arithmetic.add(tokens.x, this.#attention(normal, block));
      return arithmetic.add(h, this.#mlp(this.normalize(h, block.mlpNorm), block));
    });
    return { ...tokens, x };
  }

  /** norm(h + attention(h)), then norm(h + mlp(h)): BERT. `mask` [count, 1, 1, length] is added to the scores. */
  postNorm(tokens: Tokens, block: Block, mask: BackendTensor): Tokens {
    const { arithmetic } = this.#loader;
    const x = arithmetic.part(() => {
      const attended = arithmetic.add(tokens.x, this.#attention(tokens, block, mask));
      const h = this.normalize(attended, block.attentionNorm);
      return this.normalize(arithmetic.add(h, this.#mlp(h, block)), block.mlpNorm);
    });
    return { ...tokens, x };
  }

  #mlp(x: BackendTensor, { up, down }: Block): BackendTensor {
    return this.apply(this.#loader.arithmetic.activate(this.apply(x, up), this.#settings.activation), down);
  }

  #attention({ x, count, length }: Tokens, block: Block, mask?: BackendTensor): BackendTensor {
    const { arithmetic } = this.#loader;
    const { heads } = this.#settings;
    const size = this.#width / heads;
    const split = (linear: Linear) =>
      arithmetic.permute(
        arithmetic.reshape(this.apply(x, linear), [count, length, heads, size]),
        [0, 2, 1, 3],
      );
    const scores = arithmetic.multiply(
      arithmetic.matMul(split(block.query), split(block.key), true),
      1 / Math.sqrt(size),
    );
    const shares = arithmetic.softmax(mask === undefined ? scores : arithmetic.add(scores, mask));
    const summed = arithmetic.permute(arithmetic.matMul(shares, split(block.value)), [0, 2, 1, 3]);
    return this.apply(arithmetic.reshape(summed, [count * length, this.#width]), block.out);
  }
}

/** The first token of each sequence: [count, width]. */
export function firstTokens(
  loader: WeightLoader,
  { x, count, length }: Tokens,
  width: number,
): BackendTensor {
  const { arithmetic } = loader;
  const all = arithmetic.reshape(x, [count, length, width]);
  return arithmetic.reshape(arithmetic.slice(all, [0, 0, 0], [count, 1, width]), [count, width]);
}
