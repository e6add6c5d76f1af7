import { EvaluateError } from "../errors.ts";
import { ACTIVATIONS } from "./arithmetic.ts";
import type { Activation, Arithmetic, BackendTensor } from "./arithmetic.ts";
import type { EvaluableModel } from "./types.ts";

/** Weights and bias of one linear layer, [out, in] in the file. */
export interface Linear {
  readonly weight: BackendTensor;
  readonly bias?: BackendTensor;
  readonly out: number;
}

export interface Norm {
  readonly weight: BackendTensor;
  readonly bias: BackendTensor;
}

/** Reads a model's tensors into a backend, each with its shape checked, and lets go of all of them at the end. */
export class WeightLoader {
  readonly arithmetic: Arithmetic;
  readonly model: EvaluableModel;
  readonly #names: ReadonlySet<string>;
  readonly #held: BackendTensor[] = [];

  constructor(model: EvaluableModel, arithmetic: Arithmetic) {
    this.model = model;
    this.arithmetic = arithmetic;
    this.#names = new Set(model.tensors.names());
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Throws EvaluateError where there is no such tensor. */
  shape(name: string): readonly number[] {
    if (!this.has(name)) throw this.fault(`lacks the tensor ${name}`);
    return this.model.tensors.shape(name);
  }

  /** The first of several spellings that the model has. */
  either(...names: readonly [string, ...string[]]): string {
    return names.find((name) => this.has(name)) ?? names[0];
  }

  async values(name: string, shape: readonly number[]): Promise<Float32Array> {
    const stored = this.shape(name);
    if (stored.join() !== shape.join())
      throw this.fault(`has ${name} in the shape [${stored.join(", ")}] rather than [${shape.join(", ")}]`);
    return await this.model.tensors.read(name);
  }

  async tensor(name: string, shape: readonly number[]): Promise<BackendTensor> {
    return this.keep(this.arithmetic.hold(await this.values(name, shape), shape));
  }

  /** `name` without ".weight"; the bias is optional in the file. */
  async linear(name: string, inputs: number, out = this.shape(`${name}.weight`)[0] ?? 0): Promise<Linear> {
    const values = await this.values(`${name}.weight`, [out, inputs]);
    const weight = this.keep(this.arithmetic.holdLinear(values, out, inputs));
    if (!this.has(`${name}.bias`)) return { weight, out };
    return { weight, bias: await this.tensor(`${name}.bias`, [out]), out };
  }

  async norm(name: string, width: number): Promise<Norm> {
    // Checkpoints converted from TensorFlow have the old names.
    const weight = this.either(`${name}.weight`, `${name}.gamma`);
    const bias = this.either(`${name}.bias`, `${name}.beta`);
    return { weight: await this.tensor(weight, [width]), bias: await this.tensor(bias, [width]) };
  }

  keep(tensor: BackendTensor): BackendTensor {
    this.#held.push(tensor);
    return tensor;
  }

  /** One more than the highest number that follows `prefix`: "encoder.layers." gives the number of layers. */
  layerCount(prefix: string): number {
    const numbers = [...this.#names].map((name) =>
      name.startsWith(prefix) ? Number(name.slice(prefix.length).split(".")[0]) : -1,
    );
    return Math.max(-1, ...numbers.filter((number) => Number.isInteger(number))) + 1;
  }

  dispose(): void {
    for (const tensor of this.#held.splice(0)) tensor.dispose();
  }

  fault(what: string): EvaluateError {
    const hint =
      "Its config.json and weights do not belong together, or the model was not saved by transformers.";
    return new EvaluateError("EVALUATE_MODEL", `${this.model.name} ${what}`, {
      where: this.model.name,
      hint,
    });
  }
}

/** A part of config.json that is a mapping. */
export function section(config: EvaluableModel["config"], key: string): EvaluableModel["config"] {
  const value = Object.hasOwn(config, key) ? config[key] : undefined;
  return typeof value === "object" && value !== null ? (value as EvaluableModel["config"]) : {};
}

/** What a transformer's config says that its tensors do not show; transformers leaves defaults out of config.json. */
export interface BlockSettings {
  readonly heads: number;
  readonly eps: number;
  readonly activation: Activation;
}

export function blockSettings(
  loader: WeightLoader,
  config: EvaluableModel["config"],
  defaults: BlockSettings,
): BlockSettings {
  const number = (key: string, otherwise: number) => {
    const value = Object.hasOwn(config, key) ? config[key] : undefined;
    return typeof value === "number" && value > 0 ? value : otherwise;
  };
  const named =
    (Object.hasOwn(config, "hidden_act") ? config["hidden_act"] : undefined) ?? defaults.activation;
  const activation = ACTIVATIONS.find((each) => each === named);
  if (activation === undefined)
    throw loader.fault(
      `has the activation ${JSON.stringify(named)}; these are known: ${ACTIVATIONS.join(", ")}`,
    );
  return {
    heads: number("num_attention_heads", defaults.heads),
    eps: number("layer_norm_eps", defaults.eps),
    activation,
  };
}
