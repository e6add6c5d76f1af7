import assert from "node:assert/strict";
import { isMergeError } from "../../src/errors.ts";
import { openArithmetic } from "../../src/evaluate/tf.ts";
import type { Packages } from "../../src/evaluate/tf.ts";

const NOT_INSTALLED = () =>
  Promise.reject(Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }));

const INSTALLED: Packages = {
  core: () => import("@tensorflow/tfjs-core"),
  wasm: () => import("@tensorflow/tfjs-backend-wasm"),
  cpu: () => import("@tensorflow/tfjs-backend-cpu"),
  node: NOT_INSTALLED,
};

const described = async (packages: Packages) => (await openArithmetic(undefined, packages)).description;

describe("The choice of a backend", () => {
  it("takes WebAssembly where native TensorFlow is not installed, and says so", async () => {
    assert.match(await described(INSTALLED), /^TensorFlow\.js 4\.22\.0, WebAssembly with SIMD$/);
  });

  it("passes over a native library that does not load, start or compute", async () => {
    const core = (await import("@tensorflow/tfjs-core")) as object;
    const broken: Packages["node"][] = [
      () => Promise.reject(new Error("libtensorflow.so.2: cannot open shared object file\nmore")),
      () => Promise.resolve({ default: { ...core, setBackend: () => Promise.resolve(false) } }),
      () =>
        Promise.resolve({
          default: {
            ...core,
            setBackend: () => Promise.resolve(true),
            tidy: () => {
              throw new Error("invalid ELF header");
            },
          },
        }),
    ];
    for (const node of broken) assert.match(await described({ ...INSTALLED, node }), /WebAssembly/);
  });

  it("takes native TensorFlow where it works", async () => {
    await openArithmetic(["cpu"], INSTALLED);
    const core = (await import("@tensorflow/tfjs-core")) as object;
    // The native package brings a core whose backend is called tensorflow; here plain JavaScript computes under that name.
    const node = () => Promise.resolve({ default: { ...core, setBackend: () => Promise.resolve(true) } });
    assert.match(await described({ ...INSTALLED, node }), /native$/);
  });

  it("falls back to plain JavaScript where WebAssembly does not load", async () => {
    assert.match(await described({ ...INSTALLED, wasm: NOT_INSTALLED }), /plain JavaScript/);
  });

  it("says what was tried and how to install it where nothing works", async () => {
    const none = { core: NOT_INSTALLED, wasm: NOT_INSTALLED, cpu: NOT_INSTALLED, node: NOT_INSTALLED };
    await assert.rejects(described(none), (error) => {
      assert.ok(isMergeError(error, "EVALUATE_NO_BACKEND"));
      assert.equal(error.exitStatus, 9);
      assert.match(error.message, /tensorflow: not installed; wasm: not installed; cpu: not installed/);
      assert.match(error.hint ?? "", /npm install @tensorflow\/tfjs-core@/);
      return true;
    });
  });
});
