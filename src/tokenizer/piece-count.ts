/** Of protocol buffers: a field of given length, and those that are passed over. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 };
/** A model of sentencepiece is a list of pieces, field 1, and a few settings. */
const PIECE_FIELD = 1;

/**
 * How many tokens a tokenizer in a format of its own has, counted without reading them: pieces of sentencepiece, lines of
 * tiktoken. Undefined for other formats and for files that are not what they are called.
 */
export function pieceCount(name: string, bytes: Uint8Array): number | undefined {
  if (name.endsWith(".tiktoken")) return lineCount(bytes);
  return /\.(?:model|spm)$/.test(name) ? fieldCount(bytes) : undefined;
}

function lineCount(bytes: Uint8Array): number {
  const text = new TextDecoder("latin1").decode(bytes);
  return text.split("\n").filter((line) => line.trim() !== "").length;
}

function fieldCount(bytes: Uint8Array): number | undefined {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return Infinity;
  };
  let count = 0;
  while (at < bytes.length) {
    const tag = varint();
    const wire = tag % 8;
    if (wire === WIRE.varint) varint();
    else if (wire === WIRE.fixed64) at += 8;
    else if (wire === WIRE.fixed32) at += 4;
    else if (wire === WIRE.bytes) {
      const length = varint();
      at += length;
    } else return undefined;
    if (at > bytes.length) return undefined;
    if (Math.floor(tag / 8) === PIECE_FIELD && wire === WIRE.bytes) count++;
  }
  return count;
}
