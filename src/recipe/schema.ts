import { DEFAULT_METHOD, METHODS } from "../methods/index.ts";
import { RECIPE_DTYPE_NAMES } from "../tensor/dtype.ts";
import { MAX_LIST_LENGTH, MAX_MODELS } from "./limits.ts";
import { compareKey } from "./compare-schema.ts";
import { list, mapOf, name, nameOr, parameters, range, record, ref } from "./schema-forms.ts";
import { settingSchema } from "./setting-schema.ts";
import { EVALUATE_KEY } from "./evaluate-schema.ts";
import { TOKENIZER_KEYS } from "./tokenizer-schema.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { ParameterSpecs } from "../methods/params.ts";
import type { JsonObject } from "../sources/types.ts";

/** A mapping of the given keys and no others. */
const closed = (properties: readonly (readonly [string, JsonObject])[]): JsonObject => ({
  type: "object",
  additionalProperties: false,
  properties: Object.fromEntries(properties),
});

function definitions(methods: readonly AnyMethod[]): JsonObject {
  const path = nameOr("A local path or a Hub id, optionally with a revision.", "path", {
    path: name("Local path or Hub id, taken as it is."),
    revision: name("Branch, tag or commit on the Hub."),
  });
  return {
    path,
    model: nameOr(
      "A model: path[@revision][+lora[@revision]]. Paths that hold + or @ need the mapping.",
      "model",
      {
        model: ref("path"),
        lora: ref("path"),
        override_architecture: name("Architecture name to put into the output's config."),
      },
    ),
    ...Object.fromEntries(methods.flatMap(methodDefinitions)),
  };
}

function methodDefinitions(method: AnyMethod): [string, JsonObject][] {
  const specs = Object.entries(method.parameters as ParameterSpecs);
  const all = `${method.name}.parameters`;
  const perModel = specs.filter(([, { scope }]) => scope === "model");
  const settings = specs.map(([parameter, spec]) => [parameter, settingSchema(spec)] as const);
  const shared = perModel.map(([parameter]) => [parameter, ref(`${all}/properties/${parameter}`)] as const);
  return [
    [all, closed(settings)],
    [`${method.name}.model_parameters`, closed(shared)],
  ];
}

/** The keys of the recipe language. `parameters` are left open here: each method's branch closes them. */
function keys(methods: readonly AnyMethod[], used: readonly AnyMethod[]): JsonObject {
  const method: JsonObject = { type: "string", enum: methods.map((each) => each.name) };
  const summaries = methods.map((each) => `- ${each.name}: ${each.summary}`).join("\n");
  const dtypes = RECIPE_DTYPE_NAMES.flatMap((dtype) => [dtype, `torch.${dtype}`]);
  const override = { ...overrideEntry(method), allOf: used.map(overrideBranch) };
  const models = list("Models to merge over all their layers.", modelEntry(), MAX_MODELS);
  const slices = list("Output layers, assembled from layers of the models.", sliceEntry(), MAX_LIST_LENGTH);
  const part = record("A part of the network: a tower, the encoder, the decoder.", [], {
    models,
    slices,
    parameters: parameters("Parameters of this part."),
  });
  return {
    name: name("How other recipes in the same file name this one's result, as a model."),
    merge_method: { description: `How to merge.\n\n${summaries}`, default: DEFAULT_METHOD, ...method },
    base_model: { ...ref("model"), description: "The model that the others were fine-tuned from." },
    models,
    slices,
    modules: mapOf(
      "Parts of the network, each with models or slices of its own; `default` is all that no other one takes.",
      { ...part, oneOf: [{ required: ["models"] }, { required: ["slices"] }] },
      MAX_LIST_LENGTH,
    ),
    parameters: parameters(
      "Parameters for the whole recipe; those of modules, slices and models come first.",
    ),
    dtype: { description: "Dtype to compute for and to write.", type: "string", enum: dtypes },
    out_dtype: { description: "Dtype to write, if it differs from dtype.", type: "string", enum: dtypes },
    seed: {
      description: "Start of the random numbers that some methods draw; equal seeds give equal bytes.",
      type: "integer",
      minimum: 0,
      default: 0,
    },
    methods: list(
      "Modules with merge methods of your own. Their code runs, so --allow-code is needed.",
      name("Path of a .js or .mjs file, from the recipe's folder: ./my-method.js"),
      MAX_LIST_LENGTH,
    ),
    ...TOKENIZER_KEYS,
    ...compareKey(method),
    ...EVALUATE_KEY,
    overrides: list("Other methods or parameters for some tensors.", override, MAX_LIST_LENGTH),
  };
}

function overrideEntry(method: JsonObject): JsonObject {
  const entry = record("Method and parameters of the tensors that it matches; first match wins.", [], {
    tensors: {
      description: "Patterns of output tensor names: * is any text, ? is one character.",
      if: { type: "array" },
      then: list("Patterns; one that matches is enough.", name("Pattern of tensor names."), MAX_LIST_LENGTH),
      else: name("Pattern of tensor names."),
    },
    layers: range("Output layers, [start, end): end is not included."),
    merge_method: { description: "Absent: the recipe's own method.", ...method },
    model: { ...ref("model"), description: "Take only this model as input." },
    parameters: parameters("Parameters that come before those of models, slices and recipe."),
  });
  return { ...entry, anyOf: [{ required: ["tensors"] }, { required: ["layers"] }] };
}

function sliceEntry(): JsonObject {
  const source = record("One input of the slice.", ["model", "layer_range"], {
    model: ref("model"),
    layer_range: range("Layers to take, [start, end): end is not included."),
    parameters: parameters("Parameters of this model alone."),
  });
  return record("A run of output layers.", ["sources"], {
    sources: list("The inputs that are merged into these layers.", source, MAX_MODELS),
    base_model: { ...ref("model"), description: "Base model of this slice alone." },
    parameters: parameters("Parameters of this slice."),
    residual_weight: { description: "Accepted and without effect, as in mergekit.", type: "number" },
  });
}

function modelEntry(): JsonObject {
  return record("A model to merge.", ["model"], {
    model: ref("model"),
    parameters: parameters("Parameters of this model alone."),
    layer_range: { description: "Without effect here, as in mergekit; layers are chosen in slices." },
  });
}

const at = (properties: JsonObject): JsonObject => ({ properties });
const each = (properties: JsonObject): JsonObject => ({ items: { properties } });

/** Closes the parameters of one method wherever they stand. */
function branch({ name: method }: AnyMethod): JsonObject {
  const all = { parameters: ref(`${method}.parameters`) };
  const own = { parameters: ref(`${method}.model_parameters`) };
  const isThis = at({ merge_method: { const: method } });
  const parts = { ...all, models: each(own), slices: each({ ...all, sources: each(own) }) };
  return {
    if: method === DEFAULT_METHOD ? isThis : { required: ["merge_method"], ...isThis },
    then: at({
      ...parts,
      modules: { additionalProperties: at(parts) },
      overrides: { items: { if: { required: ["merge_method"] }, else: at(all) } },
    }),
  };
}

function overrideBranch({ name: method }: AnyMethod): JsonObject {
  return {
    if: { required: ["merge_method"], ...at({ merge_method: { const: method } }) },
    then: at({ parameters: ref(`${method}.parameters`) }),
  };
}

/**
 * The JSON schema of recipes: what `stockpot schema` prints, what editors complete from, and what the parser runs. Draft
 * 7, which the YAML language server speaks. The parser leaves out the branches of methods that a recipe does not use,
 * which cannot apply: compiling them all would take longer than a small merge.
 */
export function recipeSchema(
  methods: readonly AnyMethod[] = METHODS,
  used: readonly AnyMethod[] = methods,
): JsonObject {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Stockpot recipe",
    description: "Which models to merge, and how.",
    type: "object",
    additionalProperties: false,
    oneOf: [{ required: ["models"] }, { required: ["slices"] }, { required: ["modules"] }],
    properties: keys(methods, used),
    allOf: used.map(branch),
    definitions: definitions(used),
  };
}
