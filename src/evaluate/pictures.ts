import { readFile } from "node:fs/promises";
import { convertIndexedToRgb, decode as decodePng, hasPngSignature } from "fast-png";
import { decode as decodeJpeg } from "jpeg-js";
import { EvaluateError } from "../errors.ts";
import type { DecodedPng } from "fast-png";
import type { Picture } from "./types.ts";

/** Four times the largest photograph of ImageNet and its kin: decoding would take more memory than evaluation has. */
const MAX_MEGAPIXELS = 100;
const MAX_DECODER_MEGABYTES = 1_024;
/** Where a PNG file has its width and height, 32 bits each. */
const PNG_SIZE_OFFSET = 16;

/** Reads a JPEG or PNG file by its content, whatever its name: ImageNet has PNG files named .JPEG. */
export async function readPicture(path: string): Promise<Picture> {
  const bytes = await readFile(path);
  try {
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return readJpeg(bytes);
    if (hasPngSignature(bytes)) return readPng(bytes);
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error), error);
  }
  throw unreadable(path, "it is neither a JPEG nor a PNG file");
}

function unreadable(path: string, reason: string, cause?: unknown): EvaluateError {
  const hint = "Fetch the file again, or take it out of the data set.";
  return new EvaluateError("EVALUATE_DATA", `${path} cannot be decoded: ${reason}`, {
    where: path,
    hint,
    cause,
  });
}

function readJpeg(bytes: Uint8Array): Picture {
  const { width, height, data } = decodeJpeg(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    maxResolutionInMP: MAX_MEGAPIXELS,
    maxMemoryUsageInMB: MAX_DECODER_MEGABYTES,
  });
  return { kind: "picture", height, width, channels: 3, bytes: data };
}

/** Transparency is dropped, as Pillow does when it converts to RGB. */
function readPng(bytes: Uint8Array): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pixels = view.getUint32(PNG_SIZE_OFFSET) * view.getUint32(PNG_SIZE_OFFSET + 4);
  if (pixels > MAX_MEGAPIXELS * 1e6)
    throw unreadable("it", `${pixels} pixels are more than ${MAX_MEGAPIXELS} million`);
  const png = decodePng(bytes);
  const { height, width } = png;
  const stored = png.palette?.[0]?.length ?? png.channels;
  const samples = png.palette === undefined ? bytesOf(png) : convertIndexedToRgb(png);
  const channels = stored < 3 ? 1 : 3;
  if (stored === channels) return { kind: "picture", height, width, channels, bytes: samples };
  const kept = new Uint8Array(height * width * channels);
  for (let i = 0; i < height * width; i++)
    for (let c = 0; c < channels; c++) kept[i * channels + c] = samples[i * stored + c] ?? 0;
  return { kind: "picture", height, width, channels, bytes: kept };
}

/** Samples of any depth as bytes, 255 for the largest. */
function bytesOf({ data, depth, height, width, channels }: DecodedPng): Uint8Array {
  if (depth === 16) return Uint8Array.from(data, (value) => value >> 8);
  if (depth === 8) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const rowBytes = Math.ceil((width * channels * depth) / 8);
  const most = 2 ** depth - 1;
  return Uint8Array.from({ length: height * width * channels }, (_, i) => {
    const bit = (i % (width * channels)) * depth;
    const byte = data[Math.floor(i / (width * channels)) * rowBytes + (bit >> 3)] ?? 0;
    return (((byte >> (8 - depth - (bit & 7))) & most) * 255) / most;
  });
}
