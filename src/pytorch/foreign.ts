import { refuseLfsPointer } from "../safetensors/failure.ts";
import type { Fail } from "../safetensors/failure.ts";

/** Bytes of a file that tell its format: up to the mark of a tar file's first header. */
export const START_BYTES = 512;

const ZIP_START = "PK\x03\x04";
const TAR_MARK = { at: 257, text: "ustar" };
const PROTO = "\x80";
/** Protocol 2, and then the number 0x1950a86a20f9469cfc6c. */
const LEGACY_START = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

const SAVE_AGAIN =
  "Load it with a current torch and save it again (torch.save), or convert it to safetensors (safetensors.torch.save_file).";

/** Refuses a file that is no zip file, in words that fit what it is instead. */
export function refuseForeign(start: Uint8Array, fail: Fail): void {
  const text = String.fromCharCode(...start);
  if (text.startsWith(ZIP_START)) return;
  if (text === "") throw fail("FORMAT_TRUNCATED", "the file is empty", "Download or copy the file again.");
  refuseLfsPointer(start, fail);
  const [what, hint] = describe(text);
  throw fail("FORMAT_CHECKPOINT", what, hint);
}

function describe(text: string): [what: string, hint: string] {
  if (text.startsWith(LEGACY_START) || text.startsWith(TAR_MARK.text, TAR_MARK.at))
    return ["this is the format that torch.save wrote before torch 1.6", SAVE_AGAIN];
  if (text.startsWith(PROTO)) return ["this is a bare pickle, not what torch.save writes", SAVE_AGAIN];
  if (text.startsWith("{", 8))
    return ["this is not a PyTorch file but most likely a safetensors one", "Name it model.safetensors."];
  return ["this is not a PyTorch file", SAVE_AGAIN];
}
