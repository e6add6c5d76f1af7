import { isMergeError, SourceError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { refused, parseAdapterConfig } from "./adapter-config.ts";
import type { AdapterConfig } from "./adapter-config.ts";
import { MAX_CONFIG_BYTES, parseConfig } from "./config.ts";
import { checkpointOf, headerOf } from "./file.ts";
import type { ReadFile } from "./file.ts";
import { locate, notFound } from "./locate.ts";
import type { OpenOptions } from "./locate.ts";
import { DiskStore } from "./store.ts";
import type { ModelStore } from "./store.ts";
import { referenceText } from "./types.ts";
import { TOKENIZER_FILES } from "./tokenizer-names.ts";
import type { AdapterOrigin, ModelReference, SideFile, TensorHeader, WeightFile } from "./types.ts";

type AdapterReference = NonNullable<ModelReference["lora"]>;
type AdapterTensor = Omit<TensorHeader, "file">;

/** What an adapter does to one module of the model. */
export interface AdapterModule {
  /** Name of the module, as the adapter has it: "model.layers.0.self_attn.q_proj". */
  readonly name: string;
  readonly a: AdapterTensor;
  readonly b: AdapterTensor;
  /** Of an embedding: a row of the weight for each column of `a`. */
  readonly embedding: boolean;
  readonly magnitude?: AdapterTensor;
}

export interface AdapterWeights {
  readonly where: string;
  /** Where it comes from, as far as the merge needs these files of it. */
  readonly originOf: (names: readonly string[]) => AdapterOrigin;
  /** Absolute folder. */
  readonly location: string;
  readonly warnings: readonly Problem[];
  readonly config: AdapterConfig;
  readonly file: WeightFile;
  readonly modules: readonly AdapterModule[];
  /** Tensors that take the place of the model's: biases, and modules that were trained whole. */
  readonly replacements: ReadonlyMap<string, AdapterTensor>;
  /** Files of a tokenizer, which training saves beside the adapter. */
  readonly tokenizer: readonly SideFile[];
}

export const ADAPTER_CONFIG = "adapter_config.json";
const WEIGHTS = ["adapter_model.safetensors", "adapter_model.bin"];
const PREFIX = "base_model.model.";
const PARTS: Readonly<Record<string, "a" | "b" | "magnitude">> = {
  ".lora_A.weight": "a",
  ".lora_B.weight": "b",
  ".lora_embedding_A": "a",
  ".lora_embedding_B": "b",
  ".lora_magnitude_vector.weight": "magnitude",
  ".lora_magnitude_vector": "magnitude",
};

/** Reads an adapter's settings and headers. Throws SourceError, or FormatError for a broken file. */
export async function openAdapter(
  reference: AdapterReference,
  options: OpenOptions,
): Promise<AdapterWeights> {
  const { path } = reference;
  const found = await locate(path, options);
  const named = { reference: referenceText(reference) };
  if (found !== undefined) {
    const read = await readAdapterFiles(new DiskStore(found.path));
    const origin = { ...named, location: found.path };
    return { ...read, location: found.path, originOf: () => origin, warnings: [] };
  }
  const { hub } = options;
  if (hub?.isName(path) !== true) throw await notFound(path, options);
  try {
    const { read, folder, originOf, warnings } = await hub.openFiles(reference, readAdapterFiles);
    return {
      ...read,
      location: folder,
      originOf: (names) => ({ ...named, location: folder, hub: originOf(names) }),
      warnings,
    };
  } catch (error) {
    throw isMergeError(error, "HUB_NOT_FOUND") ? await notFound(path, options, error) : error;
  }
}

async function readAdapterFiles(
  store: ModelStore,
): Promise<Omit<AdapterWeights, "originOf" | "location" | "warnings">> {
  const where = store.label();
  if (!(await store.isThere(ADAPTER_CONFIG))) {
    const hint = `An adapter is a folder with ${ADAPTER_CONFIG} and ${WEIGHTS[0] ?? ""}, as PEFT saves it.`;
    throw new SourceError("SOURCE_ADAPTER", `${where} is no LoRA adapter`, { where, hint });
  }
  const text = await store.readText(ADAPTER_CONFIG, MAX_CONFIG_BYTES);
  const config = parseAdapterConfig(parseConfig(text, store.label(ADAPTER_CONFIG)), where);
  const read = await readWeights(store);
  const present: string[] = [];
  for (const name of TOKENIZER_FILES) if (await store.isThere(name)) present.push(name);
  const { files: tokenizer } = await store.sideFiles(present);
  return { where, config, file: read.file, tokenizer, ...partsOf(read, where) };
}

async function readWeights(store: ModelStore): Promise<ReadFile> {
  for (const name of WEIGHTS) {
    if (!(await store.isThere(name))) continue;
    const read = name.endsWith(".bin") ? checkpointOf : headerOf;
    return await store.withBytes(name, (bytes) => read(name, bytes));
  }
  const where = store.label();
  throw new SourceError("SOURCE_ADAPTER", `${where} holds neither ${WEIGHTS.join(" nor ")}`, { where });
}

function partsOf({ tensors }: ReadFile, where: string): Pick<AdapterWeights, "modules" | "replacements"> {
  const found = new Map<
    string,
    { a?: AdapterTensor; b?: AdapterTensor; magnitude?: AdapterTensor; embedding: boolean }
  >();
  const replacements = new Map<string, AdapterTensor>();
  for (const tensor of tensors) {
    const name = tensor.name.startsWith(PREFIX) ? tensor.name.slice(PREFIX.length) : tensor.name;
    const ending = Object.keys(PARTS).find((each) => name.endsWith(each));
    const part = ending === undefined ? undefined : PARTS[ending];
    if (ending === undefined || part === undefined) {
      if (name.includes(".lora_")) throw refused(where, `holds ${tensor.name}`);
      replacements.set(
        name.replace(/\.(?:base_layer|modules_to_save(?:\.default)?|original_module)(?=\.)/, ""),
        tensor,
      );
      continue;
    }
    if (tensor.strides !== undefined)
      throw refused(where, `stores ${tensor.name} as a view of another tensor`);
    const module = name.slice(0, -ending.length);
    const parts = found.get(module) ?? { embedding: false };
    found.set(module, {
      ...parts,
      [part]: tensor,
      embedding: parts.embedding || ending.includes("embedding"),
    });
  }
  const modules = [...found].map(([name, { a, b, magnitude, embedding }]): AdapterModule => {
    if (a === undefined || b === undefined) throw unpaired(where, name, a === undefined ? "A" : "B");
    return { name, a, b, embedding, ...(magnitude === undefined ? {} : { magnitude }) };
  });
  return { modules, replacements };
}

function unpaired(where: string, module: string, part: "A" | "B"): SourceError {
  const message = `${where}: the ${part} matrix of ${module} is missing`;
  const hint = "The adapter was not saved completely: fetch or save it again.";
  return new SourceError("SOURCE_ADAPTER", message, { where, hint });
}
