export type HalfDtype = "F16" | "BF16";

const word = new DataView(new ArrayBuffer(4));

function bitsOf(value: number): number {
  word.setFloat32(0, value);
  return word.getUint32(0);
}

/** The value of a 16-bit float. */
export function decodeHalfBits(dtype: HalfDtype, bits: number): number {
  if (dtype === "BF16") {
    word.setUint32(0, bits * 65_536);
    return word.getFloat32(0);
  }
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

/** Rounds an f32 value to 16 bits, ties to even; every NaN becomes the same quiet one. */
export function encodeHalfBits(dtype: HalfDtype, value: number): number {
  const bits = bitsOf(value);
  if (dtype === "BF16") {
    if (Number.isNaN(value)) return 0x7fc0;
    return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
  }
  const sign = (bits >>> 16) & 0x8000;
  if (Number.isNaN(value)) return 0x7e00;
  const magnitude = Math.abs(value);
  // 65520 is half-way between the largest F16 and the next step, which would be even.
  if (magnitude >= 65_520) return sign | 0x7c00;
  const exponent = Math.max(Math.floor(Math.log2(magnitude || 2 ** -24)), -14);
  const step = 2 ** (exponentOf(magnitude, exponent) - 10);
  return sign | encodeSteps(roundTiesToEven(magnitude / step), exponentOf(magnitude, exponent));
}

/** Math.log2 may be off by one next to a power of two. */
function exponentOf(magnitude: number, estimate: number): number {
  if (magnitude < 2 ** estimate) return Math.max(estimate - 1, -14);
  return magnitude >= 2 ** (estimate + 1) ? estimate + 1 : estimate;
}

function roundTiesToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** `steps` of 2^(exponent - 10): the carry of a rounding up runs into the exponent by plain addition. */
function encodeSteps(steps: number, exponent: number): number {
  return steps < 1024 && exponent === -14 ? steps : ((exponent + 15) << 10) + (steps - 1024);
}
