import * as p from "../write-pickle.ts";
import { of, one } from "./attack.ts";
import type { Attack } from "./attack.ts";

/** Python objects that a state dict has no need of. */
export const GLOBALS: readonly Attack[] = [
  ["os", "system"],
  ["posix", "system"],
  ["builtins", "eval"],
  ["__builtin__", "getattr"],
  ["builtins", "__import__"],
  ["subprocess", "Popen"],
  ["torch", "load"],
  ["torch._utils", "_rebuild_qtensor"],
  ["torch.FloatStorage", "from_file"],
  ["__main__", "Model"],
].map(([module = "", name = ""]) => ({
  title: `a call of ${module}.${name}`,
  file: of(p.pickle(p.dict({ w: p.tensor(one), x: p.call(p.global(module, name), p.text("echo hi")) }))),
  code: "FORMAT_PICKLE_GLOBAL",
  words: new RegExp(`"${module}\\.${name}"`),
}));
