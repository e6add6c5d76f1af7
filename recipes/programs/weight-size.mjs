// The smallest program that `evaluate: {command: ...}` can run: it is given a model's folder and prints JSON with
// numbers as the last thing on standard output.
import { statSync } from "node:fs";
import { join } from "node:path";

const [, , folder = "."] = process.argv;
const bytes = statSync(join(folder, "model.safetensors")).size;
console.log("whatever else it prints does no harm");
console.log(JSON.stringify({ megabytes: bytes / 1e6, files: 1 }));
