import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { METHODS } from "../src/methods/index.ts";

/** From the bottom up: a folder or file of src/ may import only from itself and from rows further up in this list. */
const LAYERS = [
  "codes",
  "errors",
  "nearest",
  "tensor",
  "safetensors",
  "pytorch",
  "kernels",
  "methods",
  "sources",
  "forms",
  "recipe",
  "tokenizer",
  "plan",
  "lock",
  "plugins",
  "sink",
  "hub",
  "evaluate",
  "engine",
  "merge",
  "verify",
  "push",
  "pull",
  "report",
  "compare",
  "index",
  "cli",
  "gen",
];

/** Narrower than the order alone; `types` allows type-only imports. */
const MAY_IMPORT: Readonly<Record<string, { modules: readonly string[]; types?: readonly string[] }>> = {
  tensor: { modules: ["errors"] },
  safetensors: { modules: ["errors", "nearest", "tensor"] },
  pytorch: { modules: ["errors", "tensor", "safetensors"] },
  kernels: { modules: ["errors", "tensor"] },
  methods: { modules: ["errors", "tensor"], types: ["kernels"] },
  sources: { modules: ["errors", "nearest", "tensor", "safetensors", "pytorch"] },
  recipe: { modules: ["errors", "nearest", "tensor", "methods", "sources"] },
  tokenizer: { modules: ["errors", "nearest", "safetensors", "sources"] },
  plan: {
    modules: ["errors", "nearest", "tensor", "safetensors", "methods", "sources", "recipe", "tokenizer"],
  },
  forms: { modules: [], types: ["sources"] },
  lock: { modules: ["forms", "safetensors"], types: ["sources"] },
  sink: { modules: ["errors", "tensor", "safetensors", "methods", "lock"], types: ["sources", "plan"] },
  hub: { modules: ["errors", "nearest", "safetensors", "sources", "recipe", "sink"] },
  plugins: { modules: ["errors", "nearest", "methods"], types: ["plan"] },
  evaluate: {
    modules: ["errors", "nearest", "tensor", "safetensors", "sources"],
    types: ["recipe"],
  },
  report: { modules: ["forms"], types: ["sources"] },
  cli: { modules: ["index"] },
};

const PACKAGE_HOMES: Readonly<Record<string, string>> = {
  yaml: "recipe",
  ajv: "recipe",
  yauzl: "pytorch",
  "@huggingface/hub": "hub",
  "d3-array": "report",
  "d3-scale": "report",
  "d3-shape": "report",
  "jpeg-js": "evaluate",
  "fast-png": "evaluate",
  "@tensorflow/tfjs-core": "evaluate",
  "@tensorflow/tfjs-backend-wasm": "evaluate",
  "@tensorflow/tfjs-backend-cpu": "evaluate",
  commander: "cli",
  "cli-progress": "cli",
  picocolors: "cli",
};

/** These also run in a browser. */
const WITHOUT_NODE = [
  "recipe",
  "plan",
  "methods",
  "kernels",
  "safetensors",
  "tensor",
  "tokenizer",
  "forms",
  "lock",
  "report",
];
/** Reads the compiled kernels from beside itself. */
const NODE_ALLOWED_IN = ["src/kernels/load.ts"];

const MAX_FILE_LINES = 250;
const MAX_METHOD_LINES = 60;

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const sourceFiles = listFiles("src").filter((path) => path.endsWith(".ts") && !path.includes("/assembly/"));
const imports = sourceFiles.flatMap(importsOf);
const relativeImports = imports.filter(({ specifier }) => specifier.startsWith("."));
const packageImports = imports.filter(({ specifier }) => !specifier.startsWith("."));

function listFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? listFiles(path) : [path];
  });
}

function importsOf(from: string): Import[] {
  const text = readFileSync(from, "utf8");
  const statements = text.matchAll(/^(?:import|export)\s(type\s)?(?:[^;"]*\sfrom\s)?"([^"]+)"/gm);
  const dynamic = text.matchAll(/\bimport\(\s*"([^"]+)"/g);
  return [
    ...[...statements].map(([, type, specifier = ""]) => ({ from, specifier, typeOnly: type !== undefined })),
    ...[...dynamic].map(([, specifier = ""]) => ({ from, specifier, typeOnly: false })),
  ];
}

/** "src/recipe/parse.ts" and "src/errors.ts" belong to "recipe" and "errors". */
const layerOf = (path: string) => (relative("src", path).split("/")[0] ?? "").replace(/\.ts$/, "");
const targetOf = ({ from, specifier }: Import) => join(dirname(from), specifier);
const packageOf = (specifier: string) =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
const show = ({ from, specifier }: Import) => `${from} imports ${specifier}`;

describe("The architecture", () => {
  it("has a row in the layer table for everything in src/", () => {
    const present = readdirSync("src").map((name) => name.replace(/\.ts$/, ""));
    assert.deepEqual(
      present.filter((name) => !LAYERS.includes(name)),
      [],
    );
  });

  it("imports only files that exist", () => {
    assert.ok(relativeImports.length > 20);
    assert.deepEqual(relativeImports.filter((each) => !existsSync(targetOf(each))).map(show), []);
  });

  it("imports only down the layer table, types included", () => {
    const wrong = relativeImports.filter((each) => {
      const [from, to] = [layerOf(each.from), layerOf(targetOf(each))];
      if (from === to) return false;
      if (LAYERS.indexOf(to) >= LAYERS.indexOf(from)) return true;
      const allowed = MAY_IMPORT[from];
      if (allowed === undefined || allowed.modules.includes(to)) return false;
      return !(each.typeOnly && (allowed.types ?? []).includes(to));
    });
    assert.deepEqual(wrong.map(show), []);
  });

  it("has no cycle of imports, types included", () => {
    const edges = new Map(sourceFiles.map((path) => [path, new Set<string>()]));
    for (const each of relativeImports) edges.get(each.from)?.add(targetOf(each));
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]) => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      if (done.has(path) || trail.includes(path)) return;
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of sourceFiles) visit(path, []);
    assert.deepEqual(cycles, []);
  });

  it("imports each third-party package from one folder", () => {
    const wrong = packageImports.filter(
      ({ from, specifier }) =>
        !specifier.startsWith("node:") && PACKAGE_HOMES[packageOf(specifier)] !== layerOf(from),
    );
    assert.deepEqual(wrong.map(show), []);
  });

  it("has a home for exactly the packages that package.json depends on", () => {
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
      dependencies: object;
      optionalDependencies: object;
    };
    const all = { ...dependencies, ...optionalDependencies };
    assert.deepEqual(Object.keys(all).sort(), Object.keys(PACKAGE_HOMES).sort());
  });

  it("names TensorFlow.js, which may be absent, in one file only", () => {
    const users = sourceFiles.filter((path) => /["`]@tensorflow\//.test(withoutComments(path)));
    assert.deepEqual(users, ["src/evaluate/tf.ts"]);
  });

  it("keeps Node's modules out of the stages that also run in a browser, and out of all that they load", () => {
    const reached = new Set(sourceFiles.filter((path) => WITHOUT_NODE.includes(layerOf(path))));
    // A set also visits what is added while it is walked.
    for (const path of reached) {
      for (const each of relativeImports) {
        if (each.from === path && !each.typeOnly) reached.add(targetOf(each));
      }
    }
    const wrong = packageImports.filter(
      ({ from, specifier }) =>
        specifier.startsWith("node:") && reached.has(from) && !NODE_ALLOWED_IN.includes(from),
    );
    assert.deepEqual(wrong.map(show), []);
  });

  it("starts threads in the engine, and to verify what is downloaded", () => {
    const users = packageImports.filter(({ specifier }) => specifier === "node:worker_threads");
    assert.deepEqual(users.filter(({ from }) => !["engine", "hub"].includes(layerOf(from))).map(show), []);
  });

  it("touches the process in cli and gen only", () => {
    const users = sourceFiles.filter((path) => /\bprocess\.|"node:process"/.test(withoutComments(path)));
    assert.deepEqual(
      users.filter((path) => !["cli", "gen"].includes(layerOf(path))),
      [],
    );
  });

  it(`has no source file over ${MAX_FILE_LINES} lines`, () => {
    const long = sourceFiles.filter(
      (path) => readFileSync(path, "utf8").split("\n").length - 1 > MAX_FILE_LINES,
    );
    assert.deepEqual(long, []);
  });

  it(`has one file of at most ${MAX_METHOD_LINES} lines for each merge method`, () => {
    const found = sourceFiles.flatMap((path) => {
      const text = readFileSync(path, "utf8");
      const count = dirname(path) === join("src", "methods") ? text.split("= defineMethod({").length - 1 : 0;
      return count === 0 ? [] : [{ path, count, lines: text.split("\n").length - 1 }];
    });
    assert.deepEqual(
      found.filter(({ count, lines }) => count > 1 || lines > MAX_METHOD_LINES),
      [],
    );
    assert.equal(found.length, METHODS.length);
  });

  it("is described by a table in docs/architecture.md that names what src/ holds and nothing else", () => {
    const rows = readFileSync("docs/architecture.md", "utf8").matchAll(/^\| `([a-z]+(?:\/|\.ts))` \|/gm);
    const named = [...rows].map(([, name = ""]) => name.replace(/\/$/, ""));
    assert.deepEqual(named.sort(), readdirSync("src").sort());
  });
});

function withoutComments(path: string): string {
  return readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
}
