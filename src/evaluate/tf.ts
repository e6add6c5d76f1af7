import { EvaluateError } from "../errors.ts";
import type * as Core from "@tensorflow/tfjs-core";
import type { Activation, Arithmetic, BackendTensor } from "./arithmetic.ts";
import { BACKEND_NAMES } from "./types.ts";
import type { BackendName } from "./types.ts";

/** How the packages are loaded; tests pass their own. */
export interface Packages {
  readonly core: () => Promise<unknown>;
  readonly wasm: () => Promise<unknown>;
  readonly cpu: () => Promise<unknown>;
  /** Brings a core of its own, with native code. */
  readonly node: () => Promise<unknown>;
}

// Not a literal: no type checker finds a package that most installations lack.
const NODE_PACKAGE = `@tensorflow/tfjs-node`;
const PACKAGES: Packages = {
  core: () => import("@tensorflow/tfjs-core"),
  wasm: () => import("@tensorflow/tfjs-backend-wasm"),
  cpu: () => import("@tensorflow/tfjs-backend-cpu"),
  node: () => import(NODE_PACKAGE),
};

const INSTALL =
  "npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0";

const INSTALL_NATIVE = "npm install @tensorflow/tfjs-node@4.22.0";

/** The first of the backends that loads and computes right; they are in the order of their speed. */
export async function openArithmetic(
  backends: readonly BackendName[] = BACKEND_NAMES,
  packages: Packages = PACKAGES,
): Promise<Arithmetic> {
  const reasons: string[] = [];
  for (const name of backends) {
    try {
      return await openBackend(name, packages);
    } catch (error) {
      reasons.push(`${name}: ${reasonOf(error)}`);
    }
  }
  throw new EvaluateError(
    "EVALUATE_NO_BACKEND",
    `No backend of TensorFlow.js works here (${reasons.join("; ")})`,
    {
      hint: `Install it where Stockpot is installed: ${backends.join() === "tensorflow" ? INSTALL_NATIVE : INSTALL}`,
    },
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "ERR_MODULE_NOT_FOUND") return "not installed";
  return error.message.split("\n")[0] ?? error.message;
}

async function openBackend(name: BackendName, packages: Packages): Promise<Arithmetic> {
  const tf = coreOf(await (name === "tensorflow" ? packages.node() : packages.core()));
  // Silences an advertisement on standard error for the native package.
  tf.enableProdMode();
  if (name !== "tensorflow") await packages[name]();
  if (!(await tf.setBackend(name))) throw new EvaluateError("EVALUATE_NO_BACKEND", "it does not start");
  await tf.ready();
  const arithmetic = createArithmetic(tf, await describe(tf, name));
  await probe(arithmetic);
  return arithmetic;
}

/** A CommonJS package stands under `default` when it is imported. */
function coreOf(module: unknown): typeof Core {
  const { default: inner } = module as { readonly default?: typeof Core };
  return inner?.tidy === undefined ? (module as typeof Core) : inner;
}

async function describe(tf: typeof Core, name: BackendName): Promise<string> {
  const version = `TensorFlow.js ${tf.version_core}`;
  if (name === "tensorflow") return `${version}, native`;
  if (name === "cpu") return `${version}, plain JavaScript (slow)`;
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return `${version}, WebAssembly${simd === true ? " with SIMD" : " without SIMD (slow)"}`;
}

/** A native library for another system may load and fail only when it is used. */
async function probe(arithmetic: Arithmetic): Promise<void> {
  const weight = arithmetic.holdLinear(Float32Array.of(1, 2, 3, 4), 2, 2);
  const [a, b] = await arithmetic.run(() => {
    return arithmetic.linear(arithmetic.input(Float32Array.of(5, 6), [1, 2]), weight);
  });
  weight.dispose();
  if (a !== 17 || b !== 39) throw new EvaluateError("EVALUATE_NO_BACKEND", "it computes wrong numbers");
}

/** All that arithmetic gets it has made itself. */
const own = (tensor: BackendTensor) => tensor as unknown as Core.Tensor;

function createArithmetic(tf: typeof Core, description: string): Arithmetic {
  const layerNorm: Arithmetic["layerNorm"] = (x, weight, bias, eps) => {
    const centred = tf.sub(own(x), tf.mean(own(x), -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, eps)));
    return tf.add(tf.mul(normal, own(weight)), own(bias));
  };
  return {
    description,
    hold: (values, shape) => tf.tensor(values, [...shape], "float32"),
    // Backends are fast only where neither factor has to be transposed.
    holdLinear: (values, out, inputs) => tf.tidy(() => tf.transpose(tf.tensor2d(values, [out, inputs]))),
    async run(compute) {
      const result = tf.tidy(() => own(compute()));
      try {
        return (await result.data()) as Float32Array;
      } finally {
        result.dispose();
      }
    },
    part: (compute) => tf.tidy(() => own(compute())),
    input: (values, shape) =>
      tf.tensor(values, [...shape], values instanceof Int32Array ? "int32" : "float32"),
    linear: (x, weight, bias) =>
      tf.fused.matMul({
        a: own(x),
        b: own(weight),
        ...(bias === undefined ? {} : { bias: own(bias) }),
      }),
    matMul: (a, b, transposeB = false) => tf.matMul(own(a), own(b), false, transposeB),
    add: (a, b) => tf.add(own(a), own(b)),
    multiply: (a, factor) => tf.mul(own(a), typeof factor === "number" ? factor : own(factor)),
    layerNorm,
    softmax: (x) => tf.softmax(own(x)),
    unit: (x) => tf.mul(own(x), tf.rsqrt(tf.sum(tf.square(own(x)), -1, true))),
    activate: (x, activation) => activate(tf, own(x), activation),
    mean: (x, axis) => tf.mean(own(x), axis),
    reshape: (x, shape) => tf.reshape(own(x), [...shape]),
    permute: (x, axes) => tf.transpose(own(x), [...axes]),
    concat: (parts, axis) => tf.concat(parts.map(own), axis),
    slice: (x, begin, size) => tf.slice(own(x), [...begin], [...size]),
    tile: (x, repeats) => tf.tile(own(x), [...repeats]),
    rows: (matrix, ids) => tf.gather(own(matrix), tf.tensor1d(ids, "int32")),
  };
}

function activate(tf: typeof Core, x: Core.Tensor, activation: Activation): Core.Tensor {
  switch (activation) {
    case "quick_gelu":
      return tf.mul(x, tf.sigmoid(tf.mul(x, 1.702)));
    case "gelu":
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    case "gelu_new":
    case "gelu_pytorch_tanh": {
      // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
      const inner = tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715));
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(inner, Math.sqrt(2 / Math.PI))), 1));
    }
    case "relu":
      return tf.relu(x);
    case "silu":
      return tf.mul(x, tf.sigmoid(x));
    case "tanh":
      return tf.tanh(x);
  }
}
