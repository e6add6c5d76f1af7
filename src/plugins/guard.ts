import { EngineError, isMergeError } from "../errors.ts";
import type { AnyMethod, MergeMethod, Solution, SolveContext, Tile, TileMethod } from "../methods/define.ts";
import type { ParameterSpecs } from "../methods/params.ts";
import type { StatisticRequests } from "../methods/statistics.ts";

type Context = SolveContext<ParameterSpecs>;
/** Statistics that a module may ask for, and whether they are of task vectors, which only a base gives. */
const STATISTICS = ["gram", "magnitudes", "overlap"];
const GRANULARITIES = ["tensor", "row", "column", "layer", "model"];

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !(value instanceof Promise);

/**
 * The method with every call into it watched: what it throws, and what it returns that cannot be meant, becomes an
 * EngineError that names method, file, function and tensor.
 */
export function guarded(method: AnyMethod, path: string): AnyMethod {
  const guard = new Guard(method.name, path);
  const { granularity, isCopy, check, measure, refine, solve, combine } = method as MergeMethod | TileMethod;
  return {
    ...method,
    ...(granularity && {
      granularity: (parameters) =>
        guard.call("granularity", undefined, () => granularity(parameters), guard.granularity),
    }),
    ...(isCopy && {
      isCopy: (parameters) => guard.call("isCopy", undefined, () => isCopy(parameters)),
    }),
    ...(check && {
      check: (parameters, n) => guard.call("check", undefined, () => check(parameters, n), guard.text),
    }),
    ...(measure && {
      measure: (context: Context) =>
        guard.call("measure", context, () => measure(context), guard.requests(context)),
    }),
    ...(refine && {
      refine: (context: Context, measured: never) =>
        guard.call("refine", context, () => refine(context, measured), guard.requests(context)),
    }),
    ...(solve && {
      solve: (context: Context, measured: never) =>
        guard.call("solve", context, () => solve(context, measured), guard.solution(context)),
    }),
    ...(combine && {
      combine: (tile: Tile, context: Context, measured: never) =>
        guard.call("combine", context, () => combine(tile, context, measured), guard.elements(tile)),
    }),
  } as AnyMethod;
}

/** Says what is wrong with a returned value, in words that follow "returned". */
type Fault<T> = (value: T) => string | undefined;

class Guard {
  readonly #name: string;
  readonly #path: string;

  constructor(name: string, path: string) {
    this.#name = name;
    this.#path = path;
  }

  call<T>(step: string, context: Context | undefined, run: () => T, fault?: Fault<T>): T {
    let value: T;
    try {
      value = run();
    } catch (cause) {
      if (isMergeError(cause)) throw cause;
      throw this.#error(
        step,
        context,
        `failed: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      );
    }
    const wrong = fault?.(value);
    if (wrong !== undefined) throw this.#error(step, context, `returned ${wrong}`);
    return value;
  }

  #error(step: string, context: Context | undefined, what: string, cause?: unknown): EngineError {
    const at = context === undefined ? "" : ` at ${context.tensor}`;
    return new EngineError("ENGINE_METHOD", `${step} of ${this.#name} (${this.#path}) ${what}${at}`, {
      where: context?.tensor ?? this.#path,
      hint: `Mend ${step} in ${this.#path}.`,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  readonly granularity: Fault<string> = (value) =>
    GRANULARITIES.includes(value) ? undefined : `no granularity: use one of ${GRANULARITIES.join(", ")}`;

  readonly text: Fault<string | undefined> = (value) =>
    value === undefined || typeof value === "string" ? undefined : "neither a text nor undefined";

  requests({ hasBase }: Context): Fault<StatisticRequests> {
    return (requests) => {
      if (!isRecord(requests)) return 'no object of statistics, such as { products: gram("taskVectors") }';
      for (const [name, request] of Object.entries(requests)) {
        if (!isRecord(request) || !STATISTICS.includes(request.kind))
          return `something else than a statistic as "${name}": use ${STATISTICS.join(", ")}`;
        const needsBase = request.kind !== "gram" || request.space === "taskVectors";
        if (needsBase && !hasBase) return `a request for task vectors as "${name}", where no base takes part`;
        if (request.kind === "gram" && !["weights", "taskVectors", "differences"].includes(request.space))
          return `a request for unknown vectors as "${name}"`;
      }
      return undefined;
    };
  }

  solution({ n, hasBase }: Context): Fault<Solution> {
    return (solution) => {
      const combination: unknown = isRecord(solution) ? solution.combination : undefined;
      if (!isRecord(combination) || combination["kind"] !== "linear")
        return "no { combination } made by addTaskVectors, weightedSum or weightedSumWithBase";
      const { anchor, coefficients } = combination;
      const count = (coefficients as ArrayLike<number> | undefined)?.length;
      if (count !== n) return `${String(count)} coefficients for ${n} models`;
      const onInput = Number.isInteger(anchor) && (anchor as number) >= 0 && (anchor as number) < n;
      if (!onInput && !(anchor === "base" && hasBase))
        return "a combination with the base, where no base takes part";
      return undefined;
    };
  }

  elements({ length }: Tile): Fault<ArrayLike<number>> {
    return (values: unknown) => {
      const isList = Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView));
      if (!isList) return "no array of numbers";
      const count = (values as ArrayLike<number>).length;
      return count === length ? undefined : `${count} numbers for ${length} elements`;
    };
  }
}
