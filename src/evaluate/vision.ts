import { Encoder, loadBlocks } from "./block.ts";
import { inputsOf } from "./network.ts";
import { PicturePreparation } from "./preparation.ts";
import { blockSettings } from "./weights.ts";
import type { BackendTensor } from "./arithmetic.ts";
import type { BlockNames, Tokens } from "./block.ts";
import type { PreparationDefaults } from "./preparation.ts";
import type { BlockSettings, Norm, WeightLoader } from "./weights.ts";
import type { EvaluableModel, ModelInput } from "./types.ts";

/** How one family of vision transformers names its parts. */
export interface VisionForm {
  readonly classToken: string;
  readonly positions: string;
  /** Without ".weight": a convolution whose stride is its size. */
  readonly patches: string;
  /** Before the blocks; not all families have one. */
  readonly firstNorm?: string;
  readonly lastNorm: string;
  /** Before the number of a block. */
  readonly blocks: string;
  readonly namesOf: (block: string) => BlockNames;
  readonly defaults: BlockSettings;
  readonly preparation: PreparationDefaults;
}

/** A vision transformer's tower: pictures to the tokens of its last layer. Sizes are those of its tensors. */
export interface VisionTower {
  readonly width: number;
  readonly lastNorm: () => Promise<Norm>;
  readonly encoder: Encoder;
  /** Pixels of a batch, patch after patch, ready for `tokens`. */
  readonly prepare: (inputs: readonly ModelInput[]) => Float32Array;
  /** The class token of each picture comes first. */
  readonly tokens: (patches: Float32Array, count: number) => Tokens;
}

export async function loadTower(
  loader: WeightLoader,
  form: VisionForm,
  config: EvaluableModel["config"],
): Promise<VisionTower> {
  const { arithmetic } = loader;
  const kernel = `${form.patches}.weight`;
  const [width = 0, channels = 0, size = 0] = loader.shape(kernel);
  const length = loader.shape(form.positions).at(-2) ?? 0;
  const side = Math.sqrt(length - 1);
  if (!Number.isInteger(side) || side < 1)
    throw loader.fault(`has ${length} positions, which are not a class token and a square of patches`);
  const patchLength = channels * size * size;
  const values = await loader.values(kernel, [width, channels, size, size]);
  const patchWeight = loader.keep(arithmetic.holdLinear(values, width, patchLength));
  const patchBias = loader.has(`${form.patches}.bias`)
    ? await loader.tensor(`${form.patches}.bias`, [width])
    : undefined;
  const { first, rest } = await loadPositions(loader, form, { length, width });
  const firstNorm = form.firstNorm === undefined ? undefined : await loader.norm(form.firstNorm, width);
  const blocks = await loadBlocks(loader, form.blocks, form.namesOf, width);
  const encoder = new Encoder(loader, blockSettings(loader, config, form.defaults), width);
  const preparation = new PicturePreparation(
    loader.model,
    { channels, size: side * size, patch: size },
    form.preparation,
  );
  const tokens = (patches: Float32Array, count: number): Tokens => {
    const flat = arithmetic.input(patches, [count * side * side, patchLength]);
    const embedded = arithmetic.linear(flat, patchWeight, patchBias);
    const placed = arithmetic.add(arithmetic.reshape(embedded, [count, side * side, width]), rest);
    const joined = arithmetic.concat([arithmetic.tile(first, [count, 1, 1]), placed], 1);
    const x = arithmetic.reshape(joined, [count * length, width]);
    const start: Tokens = { x: firstNorm === undefined ? x : encoder.normalize(x, firstNorm), count, length };
    return blocks.reduce((state, block) => encoder.preNorm(state, block), start);
  };
  const prepare = (inputs: readonly ModelInput[]) =>
    preparation.patches(inputsOf(inputs, "picture", (what) => loader.fault(what)));
  return { width, lastNorm: () => loader.norm(form.lastNorm, width), encoder, prepare, tokens };
}

/** The class token with the position that belongs to it, and the positions of the patches. */
async function loadPositions(
  loader: WeightLoader,
  form: VisionForm,
  { length, width }: { readonly length: number; readonly width: number },
): Promise<{ first: BackendTensor; rest: BackendTensor }> {
  const positions = await loader.values(form.positions, [
    ...loader.shape(form.positions).slice(0, -2),
    length,
    width,
  ]);
  const token = await loader.values(form.classToken, loader.shape(form.classToken));
  if (token.length !== width)
    throw loader.fault(`has a class token of ${token.length} rather than ${width} values`);
  const { arithmetic } = loader;
  const first = token.map((value, i) => value + (positions[i] ?? 0));
  return {
    first: loader.keep(arithmetic.hold(first, [1, 1, width])),
    rest: loader.keep(arithmetic.hold(positions.subarray(width), [1, length - 1, width])),
  };
}
