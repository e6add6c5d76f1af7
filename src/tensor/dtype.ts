/** Dtypes in safetensors spelling; the value is the size of an element in bits. */
export const DTYPE_BITS = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
} as const;

export type Dtype = keyof typeof DTYPE_BITS;

/** The dtypes that the kernels compute on; all others can only be copied. */
const FLOAT_DTYPES = ["F32", "F16", "BF16", "F64"] as const;
export type FloatDtype = (typeof FLOAT_DTYPES)[number];

export function isDtype(text: string): text is Dtype {
  return Object.hasOwn(DTYPE_BITS, text);
}

export function isFloatDtype(dtype: Dtype): dtype is FloatDtype {
  return (FLOAT_DTYPES as readonly Dtype[]).includes(dtype);
}

/** Bytes of one element; only for dtypes of whole bytes. */
export function bytesPerElement(dtype: Dtype): number {
  return DTYPE_BITS[dtype] / 8;
}

/** The dtype that holds the values of both: torch's promotion (BF16 with F16 gives F32). */
export function promoteFloat(a: FloatDtype, b: FloatDtype): FloatDtype {
  if (a === b) return a;
  return a === "F64" || b === "F64" ? "F64" : "F32";
}

/** Recipe spelling (torch's names, optionally prefixed "torch.") to safetensors spelling. */
const RECIPE_DTYPES: Readonly<Record<string, FloatDtype>> = {
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  float64: "F64",
};

export const RECIPE_DTYPE_NAMES = Object.keys(RECIPE_DTYPES);

export function dtypeFromRecipe(name: string): FloatDtype | undefined {
  const bare = name.startsWith("torch.") ? name.slice("torch.".length) : name;
  return Object.hasOwn(RECIPE_DTYPES, bare) ? RECIPE_DTYPES[bare] : undefined;
}

/** Safetensors spelling to torch's name, as config.json writes it. */
export function torchName(dtype: FloatDtype): string {
  for (const [name, value] of Object.entries(RECIPE_DTYPES)) if (value === dtype) return name;
  return dtype;
}
