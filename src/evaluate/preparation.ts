import { EvaluateError } from "../errors.ts";
import { cropCentre, resize } from "./resample.ts";
import type { FilterName, Raster } from "./resample.ts";
import type { EvaluableModel, Picture } from "./types.ts";

/** What a family of models usually does with a picture: the rule where preprocessor_config.json is silent. */
export interface PreparationDefaults {
  readonly resize: { readonly shortestEdge: boolean; readonly filter: FilterName };
  readonly crop: boolean;
  /** Per channel, of values in [0, 1]. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** The pixels that a model takes: `channels` x `size` x `size`, in square patches. */
export interface PixelForm {
  readonly channels: number;
  readonly size: number;
  readonly patch: number;
}

/** Pictures of any size as they are, values in [0, 1]. */
const PLAIN: PreparationDefaults = {
  resize: { shortestEdge: false, filter: "bilinear" },
  crop: false,
  mean: [0],
  deviation: [1],
};

/** Numbers of Pillow's filters, as preprocessor_config.json has them. */
const FILTER_NUMBERS: Readonly<Record<number, FilterName>> = { 1: "lanczos", 2: "bilinear", 3: "bicubic" };

type Size = { readonly shortestEdge: number } | { readonly height: number; readonly width: number };

/** Makes the pixels of pictures as the model's image processor does: resize, crop, scale, normalise. */
export class PicturePreparation {
  readonly #model: EvaluableModel;
  readonly #form: PixelForm;
  readonly #target: Size | undefined;
  readonly #filter: FilterName;
  readonly #crop: { readonly height: number; readonly width: number } | undefined;
  /** Value of a byte, per channel. */
  readonly #values: readonly Float32Array[];

  constructor(model: EvaluableModel, form: PixelForm, defaults: PreparationDefaults = PLAIN) {
    this.#model = model;
    this.#form = form;
    const { size } = form;
    const usual = defaults.resize.shortestEdge ? { shortestEdge: size } : { height: size, width: size };
    this.#target = this.#flag("do_resize", true) ? this.#size("size", usual) : undefined;
    this.#filter = this.#filterOf(defaults);
    const crop = this.#flag("do_center_crop", defaults.crop)
      ? this.#size("crop_size", { height: size, width: size })
      : undefined;
    this.#crop =
      crop !== undefined && "shortestEdge" in crop
        ? { height: crop.shortestEdge, width: crop.shortestEdge }
        : crop;
    this.#values = this.#valuesOf(defaults);
  }

  /** Rows of [pictures * patches, channels * patch * patch]: patches in reading order, each channel by channel. */
  patches(pictures: readonly Picture[]): Float32Array {
    const { channels, size } = this.#form;
    const length = channels * size * size;
    const result = new Float32Array(pictures.length * length);
    for (const [i, picture] of pictures.entries())
      this.#fill(result.subarray(i * length, (i + 1) * length), this.#pixels(picture));
    return result;
  }

  #pixels(picture: Picture): Raster {
    const { channels, size } = this.#form;
    let raster: Raster = withChannels(picture, channels);
    if (this.#target !== undefined) {
      const { height, width } = targetSize(raster, this.#target);
      raster = resize(raster, height, width, this.#filter);
    }
    if (this.#crop !== undefined) raster = cropCentre(raster, this.#crop.height, this.#crop.width);
    if (raster.height === size && raster.width === size) return raster;
    const got = `${raster.width} x ${raster.height}`;
    throw this.#fault(`takes pictures of ${size} x ${size} pixels; its preparation gives ${got}`);
  }

  #fill(target: Float32Array, { bytes }: Raster): void {
    const { channels, size, patch } = this.#form;
    const across = size / patch;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const number = Math.floor(y / patch) * across + Math.floor(x / patch);
        const place = (y % patch) * patch + (x % patch);
        for (let c = 0; c < channels; c++)
          target[(number * channels + c) * patch * patch + place] =
            this.#values[c]?.[bytes[(y * size + x) * channels + c] ?? 0] ?? 0;
      }
    }
  }

  #valuesOf(defaults: PreparationDefaults): Float32Array[] {
    const normalise = this.#flag("do_normalize", true);
    const factor = this.#flag("do_rescale", true) ? (this.#number("rescale_factor") ?? 1 / 255) : 1;
    const mean = normalise ? this.#perChannel("image_mean", defaults.mean) : () => 0;
    const deviation = normalise ? this.#perChannel("image_std", defaults.deviation) : () => 1;
    return Array.from({ length: this.#form.channels }, (_, c) =>
      Float32Array.from({ length: 256 }, (_value, byte) => (byte * factor - mean(c)) / deviation(c)),
    );
  }

  #filterOf(defaults: PreparationDefaults): FilterName {
    const number = this.#number("resample");
    if (number === undefined) return defaults.resize.filter;
    const name = FILTER_NUMBERS[number];
    if (name === undefined) throw this.#fault(`resizes pictures with filter ${number}; known are 1, 2 and 3`);
    return name;
  }

  #value(key: string): unknown {
    const { preprocessor = {} } = this.#model;
    return Object.hasOwn(preprocessor, key) ? preprocessor[key] : undefined;
  }

  #flag(key: string, otherwise: boolean): boolean {
    const value = this.#value(key);
    return typeof value === "boolean" ? value : otherwise;
  }

  #number(key: string): number | undefined {
    const value = this.#value(key);
    return typeof value === "number" ? value : undefined;
  }

  #perChannel(key: string, otherwise: readonly number[]): (channel: number) => number {
    const stated = this.#value(key);
    const values = Array.isArray(stated) ? stated.filter((value) => typeof value === "number") : otherwise;
    const { channels } = this.#form;
    if (values.length !== 1 && values.length !== channels)
      throw this.#fault(`has ${channels} channels; ${key} has ${values.length} values for them`);
    return (channel) => values[values.length === 1 ? 0 : channel] ?? 0;
  }

  /** A number, {shortest_edge: n} or {height: n, width: n}. */
  #size(key: string, otherwise: Size): Size {
    const stated = this.#value(key);
    const wrong = () => this.#fault(`has a ${key} that is no size: ${JSON.stringify(stated)}`);
    if (stated === undefined || stated === null) return otherwise;
    if (isPixels(stated))
      return "shortestEdge" in otherwise ? { shortestEdge: stated } : { height: stated, width: stated };
    if (typeof stated !== "object") throw wrong();
    const { shortest_edge: shortestEdge, height, width } = stated as Readonly<Record<string, unknown>>;
    if (isPixels(shortestEdge)) return { shortestEdge };
    if (isPixels(height) && isPixels(width)) return { height, width };
    throw wrong();
  }

  #fault(what: string): EvaluateError {
    const { name } = this.#model;
    const hint = "Look at preprocessor_config.json in the model's folder.";
    return new EvaluateError("EVALUATE_MODEL", `${name} ${what}`, { where: name, hint });
  }
}

/** Larger pictures are taken by no model. */
const MAX_SIDE_PIXELS = 16_384;
const isPixels = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value > 0 && value <= MAX_SIDE_PIXELS;

/** The longer edge follows the shorter one, rounded down. */
function targetSize({ height, width }: Raster, target: Size): { height: number; width: number } {
  if (!("shortestEdge" in target)) return target;
  const { shortestEdge: short } = target;
  return height < width
    ? { height: short, width: Math.floor((short * width) / height) }
    : { height: Math.floor((short * height) / width), width: short };
}

/** Grey to three equal channels, or colours to grey by the weights of ITU-R 601-2 in 16 bits, as Pillow has them. */
function withChannels(picture: Picture, channels: number): Raster {
  if (picture.channels === channels) return picture;
  const pixels = picture.height * picture.width;
  const bytes = new Uint8Array(pixels * channels);
  for (let i = 0; i < pixels; i++) {
    const at = (c: number) => picture.bytes[i * picture.channels + c] ?? 0;
    const grey =
      picture.channels === 1 ? at(0) : (at(0) * 19_595 + at(1) * 38_470 + at(2) * 7_471 + 32_768) >> 16;
    bytes.fill(grey, i * channels, (i + 1) * channels);
  }
  return { height: picture.height, width: picture.width, channels, bytes };
}
