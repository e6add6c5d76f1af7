import type { Dtype } from "../tensor/dtype.ts";

/** What a name in a pickle stands for here. Only these exist: nothing is imported, looked up or called. */
export type Meaning =
  | { readonly is: "storage"; readonly dtype: string | undefined }
  | { readonly is: "dtype"; readonly dtype: string }
  /** Makes a tensor; `dtypeAt` is the argument with its dtype where the storage has none. */
  | { readonly is: "tensor"; readonly argumentCount: number; readonly dtypeAt?: number }
  /** Wraps the tensor that is its first argument. */
  | { readonly is: "parameter" }
  /** Takes another one of these functions, a class, and that function's arguments. */
  | { readonly is: "subclass" }
  /** A dictionary; its arguments may hold the entries. */
  | { readonly is: "map" }
  /** A sequence that is its first argument. */
  | { readonly is: "list" }
  /** Whatever it makes holds no tensor. */
  | { readonly is: "opaque" };

/** The class of a storage says the dtype of the tensors on it. */
const STORAGES: Readonly<Record<string, Dtype | "complex128">> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
  ComplexFloatStorage: "C64",
  ComplexDoubleStorage: "complex128",
};

const DTYPES: Readonly<Record<string, Dtype | "complex128">> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint64: "U64",
  uint32: "U32",
  uint16: "U16",
  uint8: "U8",
  bool: "BOOL",
  complex64: "C64",
  complex128: "complex128",
  float8_e4m3fn: "F8_E4M3",
  float8_e5m2: "F8_E5M2",
  float8_e8m0fnu: "F8_E8M0",
  float8_e4m3fnuz: "F8_E4M3FNUZ",
  float8_e5m2fnuz: "F8_E5M2FNUZ",
};

const MAPS = ["collections.OrderedDict", "collections.Counter", "collections.defaultdict"];

/** Beside the tensors of training checkpoints: numbers, sets, settings, states of random generators. */
const OPAQUE = [
  "_codecs.encode",
  "argparse.Namespace",
  "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
  "numpy.dtype",
  "numpy.ndarray",
  ...["multiarray._reconstruct", "multiarray.scalar", "numeric._frombuffer"]
    // Renamed in numpy 2.
    .flatMap((name) => [`numpy.core.${name}`, `numpy._core.${name}`]),
  "torch.Tensor",
  "torch.device",
  "torch.nn.parameter.Buffer",
  "torch.nn.parameter.Parameter",
  ...[
    "bool",
    "bytearray",
    "bytes",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "set",
    "str",
    "tuple",
  ]
    // Protocol 2, torch.save's default, keeps to the names of Python 2.
    .flatMap((name) => [`builtins.${name}`, `__builtin__.${name}`]),
];

export const ALLOWED_GLOBALS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ...Object.entries(STORAGES).map(
    ([name, dtype]) => [`torch.${name}`, { is: "storage", dtype }] satisfies [string, Meaning],
  ),
  ["torch.storage.UntypedStorage", { is: "storage", dtype: undefined }],
  ...Object.entries(DTYPES).map(
    ([name, dtype]) => [`torch.${name}`, { is: "dtype", dtype }] satisfies [string, Meaning],
  ),
  ["torch._utils._rebuild_tensor", { is: "tensor", argumentCount: 4 }],
  ["torch._utils._rebuild_tensor_v2", { is: "tensor", argumentCount: 6 }],
  ["torch._utils._rebuild_tensor_v3", { is: "tensor", argumentCount: 7, dtypeAt: 6 }],
  ["torch._utils._rebuild_parameter", { is: "parameter" }],
  ["torch._utils._rebuild_parameter_with_state", { is: "parameter" }],
  ["torch._tensor._rebuild_from_type_v2", { is: "subclass" }],
  ["torch.Size", { is: "list" }],
  ...MAPS.map((name) => [name, { is: "map" }] satisfies [string, Meaning]),
  ...OPAQUE.map((name) => [name, { is: "opaque" }] satisfies [string, Meaning]),
]);
