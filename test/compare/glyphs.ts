import { measureTaskVectors } from "../../src/engine/measure.ts";
import type { Measurement } from "../../src/engine/measure.ts";
import { prepare } from "../../src/merge/prepare.ts";
import type { Step } from "../../src/merge/plan-step.ts";

/** The glyph family's plan of Model Stock, and what its measuring pass gives. */
export async function measureGlyphs(): Promise<{ step: Step; measurement: Measurement }> {
  const models = [1, 2, 3, 4].map((i) => `{model: demo/glyphs/ft${i}}`).join(", ");
  const text = `base_model: demo/glyphs/base\nmodels: [${models}]\n`;
  const { output: step } = await prepare({ recipe: { text } });
  return { step, measurement: await measureTaskVectors(step.plan, {}) };
}
