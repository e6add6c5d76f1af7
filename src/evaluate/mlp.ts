import { ACTIVATIONS } from "./arithmetic.ts";
import { inputsOf } from "./network.ts";
import { PicturePreparation } from "./preparation.ts";
import type { LoadNetwork } from "./network.ts";
import type { Linear, WeightLoader } from "./weights.ts";
import type { ModelInput } from "./types.ts";

/**
 * A chain of linear layers with the activation `hidden_act` (relu) between them, as torch.nn.Sequential stores them:
 * "layers.0.weight", "layers.2.weight". Takes feature vectors, or pictures as rows of pixels, channel after channel.
 */
export const loadMlp: LoadNetwork = async ({ loader }) => {
  const layers: Linear[] = [];
  const names = layerNames(loader);
  const inputs = loader.shape(`${names[0] ?? "layers.0"}.weight`)[1] ?? 0;
  for (const name of names) layers.push(await loader.linear(name, layers.at(-1)?.out ?? inputs));
  const named = loader.model.config["hidden_act"] ?? "relu";
  const activation = ACTIVATIONS.find((each) => each === named);
  if (activation === undefined)
    throw loader.fault(`has the activation ${JSON.stringify(named)}, which is not known`);
  const { arithmetic } = loader;
  const last = layers.at(-1);
  return {
    classCount: last?.out ?? 0,
    async logits(batch) {
      const values = valuesOf(loader, batch, inputs);
      return await arithmetic.run(() => {
        const start = arithmetic.input(values, [batch.length, inputs]);
        return layers.reduce((x, layer) => {
          const y = arithmetic.linear(x, layer.weight, layer.bias);
          return layer === last ? y : arithmetic.activate(y, activation);
        }, start);
      });
    },
  };
};

/** Matrices in the order of the numbers in their names, without ".weight". */
function layerNames(loader: WeightLoader): string[] {
  const matrices = loader.model.tensors
    .names()
    .filter((name) => name.endsWith(".weight") && loader.shape(name).length === 2)
    .map((name) => name.slice(0, -".weight".length));
  if (matrices.length === 0) throw loader.fault("has no matrix whose name ends in .weight");
  return matrices.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function valuesOf(loader: WeightLoader, batch: readonly ModelInput[], width: number): Float32Array {
  const fault = (what: string) => loader.fault(what);
  const values = new Float32Array(batch.length * width);
  if (batch[0]?.kind === "picture") {
    const pictures = inputsOf(batch, "picture", fault);
    const [{ channels }] = pictures as [(typeof pictures)[0]];
    const size = Math.sqrt(width / channels);
    if (!Number.isInteger(size)) throw fault(`takes ${width} numbers, which are no square picture`);
    // A single patch is the whole picture.
    const preparation = new PicturePreparation(loader.model, { channels, size, patch: size });
    return preparation.patches(pictures);
  }
  for (const [row, { values: features }] of inputsOf(batch, "features", fault).entries()) {
    if (features.length !== width) throw fault(`takes ${width} numbers; the data hold ${features.length}`);
    values.set(features, row * width);
  }
  return values;
}
