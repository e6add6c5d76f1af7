// node scripts/run.mjs dist/test/bench/vocabularies.js: a union of two large vocabularies, planned and merged.
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureNode } from "../fixtures/measure.ts";
import { PROGRAM } from "../fixtures/program.ts";
import { makeRandom } from "../fixtures/random.ts";
import { encodeHeader } from "../fixtures/write-safetensors.ts";
import { addedToken, tokenizerJson } from "../tokenizer/tiny-tokenizers.ts";
import { machineLine } from "./table.ts";

const TOKENS = 150_000;
/** Of these the two have the first in common, with other ids. */
const SHARED = 100_000;
const ADDED = 10;
const WIDTH = 1024;
/** Of a token, in characters. */
const LONGEST = 14;
/** A step that visits all ids: a prime. */
const STEP = 7919;
const ROWS_AT_ONCE = 1000;

interface Vocabulary {
  readonly tokens: string[];
  readonly merges: string[];
}

/** Adds tokens that each join two others, mostly early ones. */
function grow({ tokens, merges }: Vocabulary, count: number, random: () => number): void {
  const known = new Set(tokens);
  const pick = () => tokens[Math.floor(tokens.length * random() ** 2)] ?? "";
  while (tokens.length < count) {
    const [left, right] = [pick(), pick()];
    const token = left + right;
    if (token.length > LONGEST || known.has(token)) continue;
    known.add(token);
    tokens.push(token);
    merges.push(`${left} ${right}`);
  }
}

function writeModel(
  folder: string,
  { tokens, merges }: Vocabulary,
  step: number,
  random: () => number,
): void {
  mkdirSync(folder);
  const ids = tokens.map((token, i): [string, number] => [token, (i * step) % tokens.length]);
  const vocab = Object.fromEntries(ids.sort(([, a], [, b]) => a - b));
  const added = Array.from({ length: ADDED }, (_, i) => addedToken(tokens.length + i, `<|${step} ${i}|>`));
  const model = { type: "BPE", dropout: null, unk_token: null, vocab, merges };
  writeFileSync(join(folder, "tokenizer.json"), tokenizerJson(model, added));
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({ vocab_size: TOKENS, tie_word_embeddings: true, torch_dtype: "bfloat16" }),
  );
  const file = openSync(join(folder, "model.safetensors"), "w");
  const shape = [TOKENS, WIDTH];
  const header = {
    "model.embed_tokens.weight": { dtype: "BF16", shape, data_offsets: [0, 2 * TOKENS * WIDTH] },
  };
  writeSync(file, encodeHeader(header));
  const rows = new Uint16Array(ROWS_AT_ONCE * WIDTH);
  for (let row = 0; row < TOKENS; row += ROWS_AT_ONCE) {
    // Values of both signs near 0.01.
    for (let i = 0; i < rows.length; i++) rows[i] = 0x3c00 + (Math.floor(random() * 0x1_0000) & 0x80ff);
    writeSync(file, new Uint8Array(rows.buffer));
  }
  closeSync(file);
}

const folder = mkdtempSync(join(tmpdir(), "stockpot-vocabularies-"));
try {
  const random = makeRandom(1);
  const letters = Array.from({ length: 256 }, (_, i) => String.fromCharCode(256 + i));
  const base: Vocabulary = { tokens: letters, merges: [] };
  grow(base, SHARED, random);
  const other = { tokens: [...base.tokens], merges: [...base.merges] };
  for (const vocabulary of [base, other]) grow(vocabulary, TOKENS - ADDED, random);
  writeModel(join(folder, "base"), base, 1, random);
  writeModel(join(folder, "other"), other, STEP, random);
  const model = (name: string) => `{model: ${join(folder, name)}, parameters: {weight: 0.5}}`;
  writeFileSync(
    join(folder, "union.yml"),
    `merge_method: linear\nbase_model: ${join(folder, "base")}\nmodels: [${model("base")}, ${model("other")}]\ntokenizer_source: union\n`,
  );
  const out = join(folder, "out");
  const { usage, stdout } = measureNode([PROGRAM, ...["merge", join(folder, "union.yml"), out]]);
  const { wallMs, userMs, systemMs, peakBytes = NaN } = usage;
  process.stdout.write(
    `${stdout}\n${machineLine()}\n${(wallMs / 1000).toFixed(1)} s by the clock, ${((userMs + systemMs) / 1000).toFixed(1)} s of ` +
      `processor time, ${(peakBytes / 2 ** 20).toFixed(0)} MiB at the peak\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
