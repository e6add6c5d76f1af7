import type { PlannedInput, PlannedSource, PlannedTensor } from "../../plan/types.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { Shape } from "../../tensor/shape.ts";
import { strideExtent } from "../../tensor/strides.ts";

/** Where something is stored: a model's file, both by their positions in the plan. */
export interface FilePosition {
  readonly model: number;
  readonly file: number;
}

/** The bytes [begin, end) of an input file. */
export interface StoredRange extends FilePosition {
  readonly begin: number;
  readonly end: number;
}

/** Another place for what is stored at an offset of a file. */
export type Move = (from: FilePosition & { readonly offset: number }) => {
  readonly file: number;
  readonly offset: number;
};

/** All byte ranges that making a tensor may read. */
export function rangesOf(tensor: PlannedTensor): StoredRange[] {
  return inputsOf(tensor).flatMap((input) =>
    input.rows === undefined
      ? [
          rangeOf(
            { ...input, dtype: input.lowRank?.storedDtype ?? input.dtype },
            tensor.shape,
            input.byteLength,
          ),
        ]
      : input.rows.sources.map((source) => {
          const dtype = source.lowRank?.storedDtype ?? source.dtype;
          return rangeOf(source, source.shape, elementCount(source.shape) * bytesPerElement(dtype));
        }),
  );
}

/** The same tensor with its inputs stored elsewhere. */
export function moveInputs(tensor: PlannedTensor, move: Move): PlannedTensor {
  const moved = (input: PlannedInput): PlannedInput =>
    input.rows === undefined
      ? { ...input, ...move(input) }
      : {
          ...input,
          rows: { ...input.rows, sources: input.rows.sources.map((each) => ({ ...each, ...move(each) })) },
        };
  const base = tensor.base === undefined ? {} : { base: moved(tensor.base) };
  return { ...tensor, ...base, inputs: tensor.inputs.map(moved) };
}

const inputsOf = ({ base, inputs }: PlannedTensor) => (base === undefined ? inputs : [base, ...inputs]);

function rangeOf(
  { model, file, offset, dtype, strides }: PlannedInput | PlannedSource,
  shape: Shape,
  byteLength: number,
): StoredRange {
  const length = strides === undefined ? byteLength : strideExtent(shape, strides) * bytesPerElement(dtype);
  return { model, file, begin: offset, end: offset + length };
}
