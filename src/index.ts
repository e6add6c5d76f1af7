export { merge, plan } from "./merge.ts";
export { evaluate } from "./merge/evaluation.ts";
export type { EvaluateOptions } from "./merge/evaluation.ts";
export { BACKEND_NAMES } from "./evaluate/types.ts";
export type { BackendName } from "./evaluate/types.ts";
export type { EvaluationReport, SplitAccuracy } from "./evaluate/report.ts";
export type { Evaluation, EvaluationProgress } from "./evaluate/run.ts";
export { MAX_BATCH } from "./recipe/evaluate-schema.ts";
export type { MergeOptions, PlanOptions } from "./engine/options.ts";
export type { IntermediateReport, MergeReport } from "./engine/report.ts";
export { estimateResources } from "./engine/resources.ts";
export type { ResourceOptions, Resources } from "./engine/resources.ts";
export type { Progress, RunReport, TensorReport } from "./engine/run-types.ts";
export type { KindSummary, Spread } from "./engine/summary.ts";
export type { ExplainedInput, ExplainedParameter, TensorExplanation } from "./plan/explanation.ts";
export type {
  MergePlan,
  MethodModule,
  PlannedInput,
  PlannedModel,
  PlannedRows,
  PlannedShard,
  PlannedSource,
  PlannedTensor,
  PlannedTokenizer,
} from "./plan/types.ts";
export type { Alignment, Averages, RowMap } from "./tokenizer/row-map.ts";
export type { AlignmentSummary, ModelAlignmentSummary } from "./tokenizer/summary.ts";
export type { TokenCount } from "./tokenizer/token-count.ts";
export type { WrittenFile } from "./sink/types.ts";

export { verify } from "./verify/verify.ts";
export type { VerifiedFile, VerifyOptions, VerifyReport } from "./verify/types.ts";
export type { LockedFile, LockedInput, LockedOptions, LockedOutput, LockFile } from "./lock/lock-file.ts";

export { parseRecipe, parseRecipes } from "./recipe/parse.ts";
export type { ParseOptions } from "./recipe/parse.ts";
export { recipeSchema } from "./recipe/schema.ts";
export { describeValues } from "./recipe/values.ts";
export { didYouMean } from "./nearest.ts";
export type {
  EvaluateSetting,
  Override,
  NamedRecipe,
  ParsedRecipe,
  ParsedRecipes,
  Recipe,
  RecipeModule,
  RecipeSlice,
  RecipeSource,
  RuleLevel,
  Setting,
  Settings,
  TokenizerSetting,
  TokenSetting,
  TokenSource,
} from "./recipe/types.ts";

export { push } from "./push.ts";
export type { PushOptions, PushReport } from "./push.ts";
export { modelHub } from "./hub/models.ts";
export { pull } from "./pull.ts";
export type { PullOptions, PullReport } from "./pull.ts";
export { hubSettings } from "./hub/environment.ts";
export type { HubFlags, HubSettings } from "./hub/environment.ts";
export type { DownloadProgress } from "./hub/fetch-files.ts";
export { findCached } from "./hub/cache/find.ts";
export type { CachedModel } from "./hub/cache/find.ts";
export { planRemoval, removeCached } from "./hub/cache/remove.ts";
export type { Removal } from "./hub/cache/remove.ts";
export { scanCache } from "./hub/cache/scan.ts";
export type { CachedBlob, CachedFile, CachedRepository, CachedRevision } from "./hub/cache/scan.ts";
export { verifyCached } from "./hub/cache/verify.ts";
export type { CacheFault, CacheVerification, VerifyCacheOptions } from "./hub/cache/verify.ts";
export type { PushProgress, PushTarget } from "./hub/push/types.ts";

export { compare } from "./compare.ts";
export type { CompareOptions, CompareProgress } from "./compare/options.ts";
export { comparisonOf, markOf, metricNames, metricText, percentText, scoreColumns } from "./report/table.ts";
export type { ScoreColumn } from "./report/table.ts";
export type { CompareReport, ReportVariant } from "./report/report-types.ts";
export type { DiagnosedGroup } from "./report/diagnosis-types.ts";

export { inspectModel } from "./sources/inspect.ts";
export type { Adapter } from "./sources/adapter.ts";
export type { DtypeCount, InspectedTensor, ModelInspection, Tie } from "./sources/inspect.ts";
export type { ModelHub, OpenOptions } from "./sources/locate.ts";
export type { JsonObject, JsonValue, ModelReference, WeightFile } from "./sources/types.ts";

export {
  addTaskVectors,
  defineMethod,
  flag,
  gram,
  integer,
  magnitudes,
  number,
  oneOf,
  optional,
  overlap,
  perModel,
  weightedSum,
  weightedSumWithBase,
} from "./methods/toolkit.ts";
export type {
  AnyMethod,
  Granularity,
  MergeMethod,
  Solution,
  SolveContext,
  Tile,
  TileMethod,
  TileValues,
} from "./methods/define.ts";
export { DEFAULT_METHOD, METHODS } from "./methods/index.ts";
export { loadMethodModules } from "./plugins/load.ts";
export type { LoadedModule } from "./plugins/load.ts";
export type { ParameterSpec, ParameterSpecs, ParameterValue, ParameterValues } from "./methods/params.ts";
export type { Gram, StatisticRequest, StatisticRequests, StatisticResults } from "./methods/statistics.ts";
export type { Combination, LinearCombination } from "./methods/combination.ts";

export type { Dtype, FloatDtype } from "./tensor/dtype.ts";
export { RECIPE_DTYPE_NAMES } from "./tensor/dtype.ts";
export type { TensorKind } from "./tensor/names.ts";
export type { Shape } from "./tensor/shape.ts";

export {
  CODES,
  EngineError,
  EvaluateError,
  EXIT_STATUS,
  FormatError,
  InterruptedError,
  isMergeError,
  MergeError,
  PlanError,
  RecipeError,
  SinkError,
  SourceError,
  UsageError,
  VerifyError,
} from "./errors.ts";
export type { ErrorCode, MergeErrorDetails, Position, Problem, Stage } from "./errors.ts";
