import { referenceText } from "../sources/types.ts";
import { findMethod } from "./coerce.ts";
import type { AnyMethod } from "../methods/define.ts";
import type { ParameterSpecs } from "../methods/params.ts";
import type { ErrorCode, Position } from "../errors.ts";
import type { ModelReference } from "../sources/types.ts";
import type { RecipeProblems } from "./problems.ts";
import type { Override, Recipe, RecipeModule, RecipeSlice, RecipeSource } from "./types.ts";

export interface ContractContext {
  readonly recipe: Recipe;
  readonly methods: readonly AnyMethod[];
  readonly problems: RecipeProblems;
  readonly lenient: boolean;
  /** Required parameters that stand under a misspelt name: reported already. */
  readonly misspelt: ReadonlySet<string>;
  /** Where the recipe names its method, or its start. */
  readonly methodPosition: Position;
}

/** What runs on one slice: the recipe's method, or an override's. */
interface Run {
  readonly method: AnyMethod;
  readonly module: RecipeModule;
  readonly slice: RecipeSlice;
  readonly override?: Override;
  readonly position: Position;
}

const same = (a: ModelReference, b: ModelReference) => referenceText(a) === referenceText(b);
const count = (n: number) => `${n} model${n === 1 ? "" : "s"}`;

class ContractCheck {
  readonly #context: ContractContext;

  constructor(context: ContractContext) {
    this.#context = context;
  }

  check(): void {
    const { recipe, methods } = this.#context;
    const method = findMethod(methods, recipe.mergeMethod);
    for (const module of recipe.modules) {
      for (const slice of module.slices) {
        this.#duplicates(slice);
        if (method === undefined) continue;
        const whole = !module.sliced && module.name === undefined;
        const run = {
          method,
          module,
          slice,
          position: whole ? this.#context.methodPosition : slice.position,
        };
        this.#run(run);
        this.#baseParameters(run);
      }
    }
    for (const override of recipe.overrides) this.#override(override);
  }

  #error(code: ErrorCode, at: Position, message: string, hint: string): void {
    this.#context.problems.error(code, at, message, hint);
  }

  #duplicates({ sources }: RecipeSlice): void {
    const first = new Map<string, RecipeSource>();
    for (const source of sources) {
      const name = referenceText(source.model);
      const earlier = first.get(name);
      if (earlier === undefined) {
        first.set(name, source);
        continue;
      }
      const message = `The model ${name} is listed twice, first on line ${earlier.position.line}.`;
      this.#error(
        "RECIPE_DUPLICATE_MODEL",
        source.position,
        message,
        "Keep one; a weight says how much it counts.",
      );
    }
  }

  #base({ method, slice }: Pick<Run, "method" | "slice">): ModelReference | undefined {
    return method.base === "ignored" ? undefined : (slice.baseModel ?? this.#context.recipe.baseModel);
  }

  /** Base, number of inputs and required parameters of one method on one slice. */
  #run(run: Run): void {
    const { method, slice, position } = run;
    const base = this.#base(run);
    if (method.base === "required" && base === undefined) {
      const message = `${method.name} needs a base model.`;
      const hint = "Name the model that the others were fine-tuned from under base_model:.";
      this.#error("RECIPE_MODEL_COUNT", position, message, hint);
      return;
    }
    const { sources } = slice;
    if (base !== undefined && !sources.some(({ model }) => same(model, base))) {
      const message = `The slice lacks the base model ${referenceText(base)}, which ${method.name} needs.`;
      this.#error(
        "RECIPE_MODEL_COUNT",
        position,
        message,
        "Add it to the slice's sources, with a layer_range.",
      );
      return;
    }
    const inputs = this.#inputs(run, base);
    this.#count(run, inputs.length);
    this.#required(run, inputs);
  }

  /**
   * Without the base, where the method keeps it apart, and where an override leaves a method that does. An override's
   * own model comes alone and may be the base, or one that is not listed.
   */
  #inputs({ method, slice, override }: Run, base: ModelReference | undefined): readonly RecipeSource[] {
    const { recipe, methods } = this.#context;
    const only = override?.model;
    if (only !== undefined) {
      if (base !== undefined && same(only, base)) return [];
      const listed = slice.sources.find(({ model }) => same(model, only));
      return [listed ?? { model: only, parameters: new Map(), position: slice.position }];
    }
    const recipeMethod = override && findMethod(methods, recipe.mergeMethod);
    const leaves = method.base === "ignored" && recipeMethod !== undefined && recipeMethod.base !== "ignored";
    const apart = leaves ? recipe.baseModel : base;
    return slice.sources.filter(({ model }) => apart === undefined || !same(model, apart));
  }

  #count(run: Run, n: number): void {
    const { method, position } = run;
    const { min, max } = method.models;
    if (n >= min && n <= (max ?? Infinity)) return;
    const wanted =
      min === max
        ? `exactly ${count(min)}`
        : n < min
          ? `at least ${count(min)}`
          : `at most ${count(max ?? 0)}`;
    const apart = method.base === "ignored" || !this.#base(run) ? "" : " besides the base";
    const message = `${method.name} needs ${wanted}${apart}; there ${n === 1 ? "is" : "are"} ${n} here.`;
    const hint = n < min ? "List more models." : "List fewer models, or choose a method that takes them all.";
    this.#error("RECIPE_MODEL_COUNT", position, message, hint);
  }

  /** Parameters that no level gives at all; one that a filter leaves out somewhere is for the planner to find. */
  #required({ method, module, slice, override, position }: Run, inputs: readonly RecipeSource[]): void {
    const { recipe } = this.#context;
    const shared = [override?.parameters, slice.parameters, module.parameters, recipe.parameters];
    for (const [name, spec] of Object.entries(method.parameters as ParameterSpecs)) {
      const given = spec.default !== undefined || spec.optional === true || this.#context.misspelt.has(name);
      if (given || shared.some((level) => level?.has(name))) continue;
      const lacking = spec.scope === "global" ? [] : inputs.filter(({ parameters }) => !parameters.has(name));
      if (spec.scope === "model" && lacking.length === 0) continue;
      const whom = lacking.map(({ model }) => referenceText(model)).join(", ");
      const message = `${method.name} needs "${name}"${whom && ` for ${whom}`}. ${spec.doc}`;
      const hint = `Give it ${whom && "to each model, or "}once in the recipe's parameters.`;
      const at = override === undefined ? lacking[0]?.position : undefined;
      this.#error("RECIPE_MISSING_PARAMETER", at ?? position, message, hint);
    }
  }

  #baseParameters(run: Run): void {
    const base = this.#base(run);
    const source = base && run.slice.sources.find(({ model }) => same(model, base));
    for (const [name, { position }] of source?.parameters ?? []) {
      const message = `"${name}" has no effect on the base model: ${run.method.name} takes the base as it is.`;
      const { problems, lenient } = this.#context;
      const hint = `Remove "${name}" there.`;
      if (lenient) problems.warn("RECIPE_MISPLACED_PARAMETER", position, message, hint);
      else problems.error("RECIPE_MISPLACED_PARAMETER", position, message, hint);
    }
  }

  #override(override: Override): void {
    const { recipe, methods } = this.#context;
    const { position, model } = override;
    const method = findMethod(methods, override.mergeMethod ?? recipe.mergeMethod);
    // Which modules and slices an override touches depends on the models' tensors, which only the planner knows.
    const [module, another] = recipe.modules;
    const slice = another === undefined && module?.sliced === false ? module.slices[0] : undefined;
    const changes = override.mergeMethod !== undefined || model !== undefined;
    if (method !== undefined && module !== undefined && slice !== undefined && changes)
      this.#run({ method, module, slice, override, position });
  }
}

/** Holds a recipe against the contracts of its methods, as far as the recipe alone decides. */
export function checkContract(context: ContractContext): void {
  new ContractCheck(context).check();
}
