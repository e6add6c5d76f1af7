import { EvaluateError } from "../errors.ts";
import { loadBert } from "./bert.ts";
import { loadClipClassifier, loadClipZeroShot } from "./clip.ts";
import { loadMlp } from "./mlp.ts";
import { loadVit } from "./vit.ts";
import { WeightLoader } from "./weights.ts";
import type { Arithmetic } from "./arithmetic.ts";
import type { LoadNetwork, Network, TextEmbeddings } from "./network.ts";
import type { EvaluableModel } from "./types.ts";

/** By the name that config.json has under `architectures`. */
const NETWORKS: Readonly<Record<string, LoadNetwork>> = {
  CLIPForImageClassification: loadClipClassifier,
  CLIPModel: loadClipZeroShot,
  CLIPVisionModel: loadClipZeroShot,
  CLIPVisionModelWithProjection: loadClipZeroShot,
  ViTForImageClassification: loadVit,
  BertForSequenceClassification: loadBert,
  MLP: loadMlp,
};

/** A network on a backend, and what frees its weights. */
export interface LoadedNetwork extends Network {
  dispose(): void;
}

/** Throws EvaluateError for an architecture that is not in the table, or weights that are not those of one. */
export async function loadNetwork(
  model: EvaluableModel,
  arithmetic: Arithmetic,
  head?: TextEmbeddings,
): Promise<LoadedNetwork> {
  const load = loaderOf(model);
  const loader = new WeightLoader(model, arithmetic);
  try {
    const network = await load({ loader, ...(head === undefined ? {} : { head }) });
    return { ...network, dispose: () => loader.dispose() };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}

/** Throws EvaluateError for an architecture that is not in the table. */
export function checkArchitecture(model: Pick<EvaluableModel, "name" | "config">): void {
  loaderOf(model);
}

function loaderOf({ name, config }: Pick<EvaluableModel, "name" | "config">): LoadNetwork {
  const stated = Object.hasOwn(config, "architectures") ? config["architectures"] : undefined;
  const names = Array.isArray(stated) ? stated.filter((each) => typeof each === "string") : [];
  const known = names.find((each) => Object.hasOwn(NETWORKS, each));
  const load = known === undefined ? undefined : NETWORKS[known];
  if (load !== undefined) return load;
  const what = names.length === 0 ? "names no architecture in its config.json" : `is a ${names.join(", ")}`;
  throw new EvaluateError(
    "EVALUATE_UNSUPPORTED",
    `${name} ${what}; Stockpot runs ${Object.keys(NETWORKS).join(", ")}`,
    {
      where: name,
      hint: "Let a program of your own evaluate it: evaluate: {command: [...], metrics: [...]} in a recipe (docs/evaluate.md).",
    },
  );
}
