import { PlanError } from "../../src/errors.ts";
import type { Problem } from "../../src/errors.ts";
import { METHODS } from "../../src/methods/index.ts";
import type { PlanOptions } from "../../src/plan/context.ts";
import { planMerge } from "../../src/plan/plan.ts";
import type { MergePlan, PlannedTensor } from "../../src/plan/types.ts";
import type { Override, Recipe, RecipeModule, Setting, Settings } from "../../src/recipe/types.ts";
import type { JsonObject, ModelHeaders, TensorHeader } from "../../src/sources/types.ts";
import { DTYPE_BITS } from "../../src/tensor/dtype.ts";
import type { Dtype } from "../../src/tensor/dtype.ts";
import type { TinyArchitecture } from "../fixtures/tiny-architectures.ts";

const POSITION = { file: "recipe.yml", line: 1, column: 1 };

type Shapes = Readonly<Record<string, readonly number[] | readonly [Dtype, readonly number[]]>>;

/** Headers of one file whose tensors follow each other as listed. */
export function modelOf(
  reference: string,
  shapes: Shapes,
  { dtype = "F32", config }: { dtype?: Dtype; config?: JsonObject | undefined } = {},
): ModelHeaders {
  let offset = 1000;
  const tensors = new Map<string, TensorHeader>();
  for (const [name, entry] of Object.entries(shapes)) {
    const typed = typeof entry[0] === "string" ? (entry as readonly [Dtype, readonly number[]]) : undefined;
    const own = typed?.[0] ?? dtype;
    const shape = typed?.[1] ?? (entry as readonly number[]);
    const byteLength = (shape.reduce((product, size) => product * size, 1) * DTYPE_BITS[own]) / 8;
    tensors.set(name, { name, dtype: own, shape, file: 0, offset, byteLength });
    offset += byteLength;
  }
  const files = [
    {
      name: "model.safetensors",
      path: `/m/${reference}/model.safetensors`,
      byteLength: offset,
      modifiedMs: 1,
    },
  ];
  return { reference, location: `/m/${reference}`, files, tensors, metadata: {}, config, sideFiles: [] };
}

/** Headers of a model of a tiny architecture. */
export function headersOf(reference: string, { tensors, config }: TinyArchitecture): ModelHeaders {
  const shapes = tensors.map(({ name, shape, buffer }) => [name, [buffer?.dtype ?? "F32", shape]] as const);
  return modelOf(reference, Object.fromEntries(shapes), { config: config as JsonObject });
}

/** Names and shapes of a small Llama, in the order in which safetensors files have them. */
export function llamaShapes(
  layers = 3,
  { head = true, vocabulary = 32 } = {},
): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {};
  if (head) shapes["lm_head.weight"] = [vocabulary, 16];
  shapes["model.embed_tokens.weight"] = [vocabulary, 16];
  for (let i = 0; i < layers; i++) {
    shapes[`model.layers.${i}.input_layernorm.weight`] = [16];
    shapes[`model.layers.${i}.mlp.down_proj.weight`] = [16, 24];
    shapes[`model.layers.${i}.self_attn.q_proj.weight`] = [16, 16];
  }
  shapes["model.norm.weight"] = [16];
  return shapes;
}

export function llama(
  reference: string,
  options: { layers?: number; dtype?: Dtype; tied?: boolean; config?: JsonObject; extra?: Shapes } = {},
): ModelHeaders {
  const { layers = 3, dtype = "F32", tied = false, config, extra = {} } = options;
  const names: Partial<Record<Dtype, string>> = { F32: "float32", BF16: "bfloat16", F16: "float16" };
  return modelOf(
    reference,
    { ...llamaShapes(layers, { head: !tied }), ...extra },
    {
      dtype,
      config: {
        architectures: ["LlamaForCausalLM"],
        num_hidden_layers: layers,
        tie_word_embeddings: tied,
        torch_dtype: names[dtype] ?? "float32",
        ...config,
      },
    },
  );
}

/** As in YAML: a value, a gradient, or a list of {filter, value}. */
type SettingText = Setting["value"] | readonly { filter?: string; value: number | readonly number[] }[];

function settings(values: Readonly<Record<string, SettingText>> = {}): Settings {
  return new Map(
    Object.entries(values).map(([name, value], index) => {
      const conditions = Array.isArray(value) && typeof value[0] === "object";
      const read = conditions ? { conditions: value } : value;
      return [name, { value: read as Setting["value"], position: { ...POSITION, column: index + 1 } }];
    }),
  );
}

interface SourceText {
  readonly model: string;
  readonly layers?: readonly [number, number];
  readonly parameters?: Readonly<Record<string, SettingText>>;
}
interface SliceText {
  readonly sources: readonly (SourceText | string)[];
  readonly base?: string;
  readonly parameters?: Readonly<Record<string, SettingText>>;
}
interface OverrideText extends Pick<Override, "tensors" | "layers" | "mergeMethod"> {
  readonly model?: string;
  readonly parameters?: Readonly<Record<string, SettingText>>;
}
interface ModuleText {
  readonly models?: readonly (SourceText | string)[];
  readonly slices?: readonly SliceText[];
  readonly parameters?: Readonly<Record<string, SettingText>>;
}
export interface RecipeText extends Pick<Recipe, "dtype" | "outDtype"> {
  readonly method: string;
  readonly base?: string;
  readonly models?: readonly (SourceText | string)[];
  readonly slices?: readonly SliceText[];
  /** Values of override_architecture, by model. */
  readonly architectures?: Readonly<Record<string, string>>;
  readonly modules?: Readonly<Record<string, ModuleText>>;
  readonly parameters?: Readonly<Record<string, SettingText>>;
  readonly overrides?: readonly OverrideText[];
}

/** A recipe as the parser leaves it, the base appended to `models`. Its text has a line per source. */
export function recipeOf(text: RecipeText): Recipe {
  const {
    method,
    base,
    models,
    slices,
    modules,
    parameters,
    overrides = [],
    architectures = {},
    ...dtypes
  } = text;
  const ref = (path: string) => {
    const overrideArchitecture = architectures[path];
    return { path, ...(overrideArchitecture !== undefined && { overrideArchitecture }) };
  };
  let line = 1;
  const position = () => ({ ...POSITION, line: ++line });
  const moduleOf = (part: ModuleText, name?: string): RecipeModule => {
    const listed = (part.models ?? []).map((model) => (typeof model === "string" ? { model } : model));
    const appended =
      base !== undefined && !listed.some(({ model }) => model === base) ? [{ model: base }] : [];
    const written: readonly SliceText[] = part.slices ?? [{ sources: [...listed, ...appended] }];
    return {
      ...(name === undefined ? {} : { name }),
      sliced: part.slices !== undefined,
      parameters: settings(name === undefined ? {} : part.parameters),
      position: name === undefined ? POSITION : position(),
      slices: written.map((slice) => ({
        position: position(),
        parameters: settings(slice.parameters),
        ...(slice.base !== undefined ? { baseModel: ref(slice.base) } : {}),
        sources: slice.sources.map((entry) => {
          const source: SourceText = typeof entry === "string" ? { model: entry } : entry;
          return {
            model: ref(source.model),
            ...(source.layers === undefined ? {} : { layerRange: source.layers }),
            parameters: settings(source.parameters),
            position: position(),
          };
        }),
      })),
    };
  };
  const whole = { ...(models && { models }), ...(slices && { slices }) };
  return {
    file: "recipe.yml",
    text: Array.from({ length: 50 }, (_, i) => `line ${i + 1}`).join("\n"),
    documentText: "",
    mergeMethod: method,
    ...(base === undefined ? {} : { baseModel: ref(base) }),
    modules:
      modules === undefined
        ? [moduleOf(whole)]
        : Object.entries(modules).map(([name, module]) => moduleOf(module, name)),
    parameters: settings(parameters),
    overrides: overrides.map(({ model, parameters: own, ...rest }) => ({
      ...rest,
      ...(model === undefined ? {} : { model: ref(model) }),
      parameters: settings(own),
      position: position(),
    })),
    ...dtypes,
  };
}

export function planOf(
  text: RecipeText,
  models: readonly ModelHeaders[],
  options: Partial<PlanOptions> = {},
): MergePlan {
  const headers = new Map(models.map((model) => [model.reference, model]));
  return planMerge(recipeOf(text), headers, { methods: METHODS, maxShardBytes: 5e9, ...options });
}

/** The problems that planning fails with. */
export function problemsOf(
  text: RecipeText,
  models: readonly ModelHeaders[],
  options: Partial<PlanOptions> = {},
): readonly Problem[] {
  try {
    planOf(text, models, options);
  } catch (error) {
    if (error instanceof PlanError) return error.problems;
    throw error;
  }
  throw new Error("the plan was made");
}

export function tensorOf(plan: MergePlan, name: string): PlannedTensor {
  const tensor = plan.tensors.find((each) => each.name === name);
  if (tensor === undefined) throw new Error(`the plan has no tensor ${name}`);
  return tensor;
}

/** One parameter of every input. */
export function parameterOf(tensor: PlannedTensor, name: string): unknown[] {
  return tensor.inputs.map((input) => input.parameters[name]);
}
