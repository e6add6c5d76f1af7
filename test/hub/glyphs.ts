import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** The files of one of the demo's models, by name. */
export function glyphsFiles(model: string): Record<string, Buffer> {
  const folder = join("demo", "glyphs", model);
  const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name))]));
}
