import { mkdtemp, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { modelFromFolder } from "../evaluate/model.ts";
import type { EvaluableModel, TensorLookup } from "../evaluate/types.ts";
import { mergeAll } from "../merge/intermediates.ts";
import { headersOfResult } from "../merge/result-headers.ts";
import { makeDirectory } from "../sink/directory.ts";
import { writing } from "../sink/errors.ts";
import type { ModelHeaders } from "../sources/types.ts";
import { InputReader, tableLookup } from "./lookup.ts";
import type { CompareOptions } from "./options.ts";
import type { PreparedVariant } from "./planner.ts";
import { solveTable } from "./table.ts";
import type { CoefficientTable, Measured } from "./table.ts";
import type { AnyMethod } from "../methods/define.ts";

/** A variant that can be read, until it is closed. */
export interface OpenVariant {
  readonly model: EvaluableModel;
  readonly close: () => Promise<void>;
}

/** The same as a folder. */
interface OpenFolder {
  readonly folder: string;
  readonly close: () => Promise<void>;
}

interface Setup {
  readonly headers: ReadonlyMap<string, ModelHeaders>;
  readonly methods: readonly AnyMethod[];
  /** Folders that relative paths start from. */
  readonly searchFrom: readonly [string, string];
  readonly measured: Measured;
  /** The output folder, absolute. */
  readonly out: string;
  readonly options: CompareOptions;
}

/**
 * Makes variants, one at a time: inputs are read where they lie, coefficient tables in memory, all others are merged into
 * a temporary folder beside the output. What is to be kept is merged into the output folder.
 */
export class VariantModels {
  readonly #setup: Setup;
  readonly #tables = new Map<PreparedVariant, CoefficientTable | undefined>();
  readonly #folders = new Map<string, Promise<EvaluableModel>>();
  readonly #kept = new Map<string, string>();
  #reader: Promise<InputReader> | undefined;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** The variant's coefficients, if it is one that the measured products decide. */
  table(variant: PreparedVariant): CoefficientTable | undefined {
    if (variant.source.kind !== "step") return undefined;
    if (!this.#tables.has(variant)) {
      const { measured, methods } = this.#setup;
      this.#tables.set(variant, solveTable(variant.source.step.plan, measured, methods));
    }
    return this.#tables.get(variant);
  }

  /** Writes the variant's weights into a folder of the output; returns its name. */
  async keep(variant: PreparedVariant): Promise<string> {
    const known = this.#kept.get(variant.name);
    if (known !== undefined) return known;
    const name = folderName(variant.name);
    await this.#merge(variant, join(this.#setup.out, name), true);
    this.#kept.set(variant.name, name);
    return name;
  }

  async open(variant: PreparedVariant): Promise<OpenVariant> {
    const { source, name } = variant;
    const table = this.#kept.has(name) ? undefined : this.table(variant);
    if (table !== undefined && source.kind === "step")
      return { model: await this.#inMemory(variant, source.step, table), close: () => Promise.resolve() };
    const { folder, close } = await this.openFolder(variant);
    try {
      const model = source.kind === "headers" ? await this.#folder(folder) : await modelFromFolder(folder);
      return { model: { ...model, name }, close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** The variant in a folder of its own, for a program to read: merged, unless it is there. */
  async openFolder(variant: PreparedVariant): Promise<OpenFolder> {
    const { out } = this.#setup;
    const stay = () => Promise.resolve();
    if (variant.source.kind === "headers") return { folder: variant.source.headers.location, close: stay };
    const kept = this.#kept.get(variant.name);
    if (kept !== undefined) return { folder: join(out, kept), close: stay };
    await makeDirectory(dirname(out));
    const place = await writing(out, () => mkdtemp(join(dirname(out), `.stockpot-${basename(out)}-`)));
    const close = () => rm(place, { recursive: true, force: true, maxRetries: 3 });
    const folder = join(place, folderName(variant.name));
    try {
      await this.#merge(variant, folder, false);
      return { folder, close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** What is not to be kept needs no lock file. */
  async #merge({ source }: PreparedVariant, folder: string, lock: boolean): Promise<void> {
    const { options, methods, searchFrom } = this.#setup;
    if (source.kind === "headers") return;
    const prepared =
      source.kind === "file"
        ? source.prepared
        : { methods, searchFrom, intermediates: [], output: source.step };
    const made = { out: folder, methods: prepared.methods, onProgress: undefined, onPlan: undefined };
    await mergeAll(prepared, { ...options, ...made, ...(lock ? {} : { lock }) });
  }

  async #inMemory(
    variant: PreparedVariant,
    step: Extract<PreparedVariant["source"], { kind: "step" }>["step"],
    table: CoefficientTable,
  ): Promise<EvaluableModel> {
    const donor = step.models.get(step.plan.models[step.plan.donor]?.reference ?? "");
    const { preprocessor } = donor === undefined ? {} : await this.#folder(donor.location);
    return {
      name: variant.name,
      config: headersOfResult(variant.name, step).config ?? {},
      ...(preprocessor === undefined ? {} : { preprocessor }),
      tensors: tableLookup(step.plan, table, await this.#inputs()),
    };
  }

  #folder(location: string): Promise<EvaluableModel> {
    const known = this.#folders.get(location) ?? modelFromFolder(location);
    this.#folders.set(location, known);
    return known;
  }

  #inputs(): Promise<InputReader> {
    this.#reader ??= (async () => {
      const lookups = new Map<string, TensorLookup>();
      for (const [reference, { location }] of this.#setup.headers)
        lookups.set(reference, (await this.#folder(location)).tensors);
      return new InputReader(lookups);
    })();
    return this.#reader;
  }
}

/** A variant's name as that of a folder, on every operating system. */
const folderName = (name: string): string =>
  name.replaceAll(/[^\w.-]+/g, "-").replaceAll(/^[.-]+|[.]+$/g, "") || "variant";
