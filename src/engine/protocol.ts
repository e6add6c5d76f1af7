import type { ErrorCode } from "../errors.ts";
import type { MadeBy, MethodModule, PlannedModel, PlannedTensor } from "../plan/types.ts";
import type { PassRequest, PassResult } from "./requests.ts";
import type { ProgramSettings } from "./program.ts";
import type { SharedAlignment } from "./row-pieces.ts";
import type { Range, Strip } from "./segments.ts";

/** A model as workers have it. */
export interface SetupModel extends Pick<PlannedModel, "reference" | "files"> {
  /** How its tensors are computed, if they are in no file. */
  readonly madeBy?: ComputedSetup;
}

/** A plan whose tensors are computed where they are read. */
export interface ComputedSetup extends Pick<WorkerSetup, "seed" | "models" | "alignments"> {
  readonly tensors: readonly PlannedTensor[];
  readonly solved: NonNullable<MadeBy["solved"]>;
}

/** What a worker is started with. */
export interface WorkerSetup extends ProgramSettings {
  readonly models: readonly SetupModel[];
  readonly alignments: readonly SharedAlignment[];
  readonly shardPaths: readonly string[];
  readonly methodModules: readonly MethodModule[];
  readonly tileBytes: number;
  /** Use the scalar twin of the kernels. */
  readonly scalar?: boolean;
}

/** What is solved in one worker: a tensor, some of its rows, or a strip of its columns with the range within it. */
export interface Unit {
  readonly tensor: PlannedTensor;
  readonly range: Range;
  readonly strip?: Strip;
}

/** Measure, solve and combine here, with a method that workers know: a batch of small tensors, or a part of a large one. */
export interface SolveJob {
  readonly kind: "solve";
  readonly units: readonly Unit[];
}

/** One pass over a part of one tensor; the coordinator solves. */
export interface PassJob {
  readonly kind: "pass";
  readonly tensor: PlannedTensor;
  readonly range: Range;
  readonly pass: PassRequest;
}

export type Job = SolveJob | PassJob;

export interface NonFinite {
  readonly tensor: string;
  /** The pass that met it. */
  readonly pass: string;
  /** Reference of the model whose values are not finite; absent: the inputs are, the result is not. */
  readonly model?: string;
  readonly count: number;
}

/** A number reported by `solve`, summed up over rows. */
export interface ReportedNumber {
  readonly count: number;
  readonly sum: number;
}
export type Report = Readonly<Record<string, ReportedNumber>>;

export interface JobResult {
  /** Of a pass job. */
  readonly pass?: PassResult;
  /** Of a solve job: one report per unit. */
  readonly reports?: readonly Report[];
  readonly nonFinite: readonly NonFinite[];
  readonly readBytes: number;
  readonly writtenBytes: number;
}

export interface FailedJob {
  readonly code: ErrorCode;
  readonly message: string;
  readonly where?: string;
  readonly hint?: string;
  readonly stack?: string;
}

export type Request = { readonly id: number; readonly job: Job };
export type Reply = { readonly id: number } & (
  { readonly result: JobResult } | { readonly failed: FailedJob }
);
