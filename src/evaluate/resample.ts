/** Pixels in rows from the top, channels together: [height, width, channels]. */
export interface Raster {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly bytes: Uint8Array;
}

/** How far a filter reaches at scale 1, in pixels, and its weight at a distance. */
interface Filter {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Pillow's filters: the cubic has a = -0.5. */
const FILTERS = {
  lanczos: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight(distance) {
      const x = Math.abs(distance);
      if (x >= 2) return 0;
      return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
    },
  },
} as const satisfies Record<string, Filter>;
export type FilterName = keyof typeof FILTERS;

/** Fixed-point bits of a weight: 8 for the pixel and 2 against overflow are left of 32. */
const PRECISION_BITS = 22;

/** Which source pixels make one output pixel, and with what fixed-point weights. */
interface Tap {
  readonly first: number;
  readonly weights: Int32Array;
}

/** The filter widened by the scale when an image shrinks (antialiasing), its weights summing to 1 before rounding. */
function tapsOf(from: number, to: number, { support, weight }: Filter): Tap[] {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  return Array.from({ length: to }, (_, at) => {
    const centre = (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const raw = Array.from({ length: end - first }, (_, k) => weight((first + k - centre + 0.5) / stretch));
    const sum = raw.reduce((total, value) => total + value, 0);
    return {
      first,
      weights: Int32Array.from(raw, (value) => roundAway((value / sum) * 2 ** PRECISION_BITS)),
    };
  });
}

const roundAway = (value: number) => Math.trunc(value + (value < 0 ? -0.5 : 0.5));
const clip = (sum: number) => Math.min(255, Math.max(0, sum >> PRECISION_BITS));

/** Resizes as Pillow does, bit for bit: rows first, rounded to bytes, then columns. */
export function resize(raster: Raster, height: number, width: number, filter: FilterName): Raster {
  const wide = width === raster.width ? raster : resizeRows(raster, width, FILTERS[filter]);
  return height === raster.height ? wide : resizeColumns(wide, height, FILTERS[filter]);
}

function resizeRows({ height, width: from, channels, bytes }: Raster, width: number, filter: Filter): Raster {
  const taps = tapsOf(from, width, filter);
  const result = new Uint8Array(height * width * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (const { first, weights } of taps) {
      for (let c = 0; c < channels; c++) {
        let sum = 1 << (PRECISION_BITS - 1);
        let from0 = (y * from + first) * channels + c;
        for (let k = 0; k < weights.length; k++, from0 += channels)
          sum += (bytes[from0] ?? 0) * (weights[k] ?? 0);
        result[at++] = clip(sum);
      }
    }
  }
  return { height, width, channels, bytes: result };
}

function resizeColumns(
  { width, channels, bytes, height: from }: Raster,
  height: number,
  filter: Filter,
): Raster {
  const rowBytes = width * channels;
  const result = new Uint8Array(height * rowBytes);
  for (const [y, { first, weights }] of tapsOf(from, height, filter).entries()) {
    for (let x = 0; x < rowBytes; x++) {
      let sum = 1 << (PRECISION_BITS - 1);
      for (let k = 0; k < weights.length; k++)
        sum += (bytes[(first + k) * rowBytes + x] ?? 0) * (weights[k] ?? 0);
      result[y * rowBytes + x] = clip(sum);
    }
  }
  return { height, width, channels, bytes: result };
}

/** The middle of a picture as torchvision cuts it, halves rounded to even; black where the picture is smaller. */
export function cropCentre(raster: Raster, height: number, width: number): Raster {
  if (raster.height === height && raster.width === width) return raster;
  const top = startOf(raster.height, height);
  const left = startOf(raster.width, width);
  return crop(raster, { top, left, height, width });
}

/** Where the crop starts; negative where there is too little. */
function startOf(from: number, to: number): number {
  const half = (from - to) / 2;
  if (from < to) return -Math.floor(-half);
  return half % 1 === 0 ? half : 2 * Math.round(half / 2);
}

export function crop(
  { height: from, width: across, channels, bytes }: Raster,
  { top, left, height, width }: { top: number; left: number; height: number; width: number },
): Raster {
  const result = new Uint8Array(height * width * channels);
  const firstColumn = Math.max(0, -left);
  const columns = Math.max(0, Math.min(width, across - left) - firstColumn);
  for (let y = Math.max(0, -top); y < Math.min(height, from - top); y++) {
    const source = ((top + y) * across + left + firstColumn) * channels;
    result.set(bytes.subarray(source, source + columns * channels), (y * width + firstColumn) * channels);
  }
  return { height, width, channels, bytes: result };
}
