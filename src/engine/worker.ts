import { parentPort, workerData } from "node:worker_threads";
import { EngineError, isMergeError } from "../errors.ts";
import { methodByName } from "../methods/index.ts";
import { reloadMethods } from "../plugins/load.ts";
import { FileTable } from "./files.ts";
import { openBench } from "./open-bench.ts";
import type { FailedJob, Job, JobResult, Reply, Request, Unit, WorkerSetup } from "./protocol.ts";
import { runPass } from "./run-pass.ts";
import { solveUnit } from "./solve-unit.ts";

const setup = workerData as WorkerSetup;
const files = new FileTable();
// A failure is told to whoever asks for work.
const own = await reloadMethods(setup.methodModules).then(
  (methods) => ({ methods }),
  (error: unknown) => ({ methods: [], error }),
);
const bench = openBench(setup, files, own.methods);

parentPort?.on("message", (request: Request | "close") => {
  if (request === "close") {
    files.closeAll();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage(answer(request));
});

function answer({ id, job }: Request): Reply {
  try {
    return { id, result: run(job) };
  } catch (error) {
    return { id, failed: describe(error, job) };
  }
}

function run(job: Job): JobResult {
  if ("error" in own) throw own.error;
  bench.readBytes = 0;
  bench.writtenBytes = 0;
  const outcome = job.kind === "solve" ? { reports: job.units.map(solve) } : { pass: onePass(job) };
  const { readBytes, writtenBytes } = bench;
  return { ...outcome, nonFinite: bench.takeNonFinite(), readBytes, writtenBytes };
}

function solve(unit: Unit) {
  const method = methodByName(unit.tensor.method, bench.methods);
  if (method === undefined) throw new EngineError("INTERNAL", `No method ${unit.tensor.method} in a worker`);
  return solveUnit(bench, method, unit);
}

function onePass({ tensor, range, pass }: Extract<Job, { kind: "pass" }>) {
  bench.open(tensor);
  const result = runPass(bench, pass, range);
  bench.flush();
  return result;
}

function describe(error: unknown, job: Job): FailedJob {
  const tensor = job.kind === "pass" ? job.tensor.name : (job.units[0]?.tensor.name ?? "");
  if (isMergeError(error)) {
    const { code, message, where, hint } = error;
    const details = { where: where ?? tensor, ...(hint === undefined ? {} : { hint }) };
    const stack = error.cause instanceof Error ? error.cause.stack : undefined;
    return { code, message, ...details, ...(stack === undefined ? {} : { stack }) };
  }
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  return { code: "ENGINE_WORKER", message, where: tensor, ...(stack === undefined ? {} : { stack }) };
}
