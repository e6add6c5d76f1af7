import { Worker } from "node:worker_threads";
import { CODES, EngineError, InterruptedError, SinkError, SourceError } from "../errors.ts";
import type { MergeError } from "../errors.ts";
import type { FailedJob, Job, JobResult, Reply, WorkerSetup } from "./protocol.ts";

/** Jobs sent ahead to a worker, so that it need not wait for the coordinator between two of them. */
const JOBS_AHEAD = 2;

/** Young objects of a worker, in MB: jobs and counts are short-lived, and V8's own bound of 48 lets them pile up. */
const YOUNG_MEGABYTES = 2;

interface Waiting {
  readonly job: Job;
  readonly priority: number;
  readonly resolve: (result: JobResult) => void;
  readonly reject: (error: unknown) => void;
}

interface Member {
  readonly worker: Worker;
  readonly running: Map<number, Waiting>;
}

/** Worker threads that take jobs, those with the smallest priority number first. */
export class Pool {
  readonly #members: Member[];
  readonly #queue: Waiting[] = [];
  #nextId = 0;
  #failure: Error | undefined;

  constructor(size: number, setup: WorkerSetup) {
    this.#members = Array.from({ length: size }, () => this.#start(setup));
  }

  #start(setup: WorkerSetup): Member {
    const worker = new Worker(new URL("./worker.js", import.meta.url), {
      workerData: setup,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
    });
    const member: Member = { worker, running: new Map() };
    worker.on("message", (reply: Reply) => this.#settle(member, reply));
    worker.on("error", (cause: Error) =>
      this.#fail(new EngineError("ENGINE_WORKER", `A worker thread failed: ${cause.message}`, { cause })),
    );
    return member;
  }

  run(job: Job, priority: number): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const waiting = { job, priority, resolve, reject };
      // Mostly appended: later tasks have larger numbers.
      let at = this.#queue.length;
      while (at > 0 && (this.#queue[at - 1]?.priority ?? 0) > priority) at--;
      this.#queue.splice(at, 0, waiting);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (let ahead = 1; ahead <= JOBS_AHEAD; ahead++) {
      for (const member of this.#members) {
        if (member.running.size >= ahead) continue;
        const next = this.#queue.shift();
        if (next === undefined) return;
        const id = this.#nextId++;
        member.running.set(id, next);
        member.worker.postMessage({ id, job: next.job });
      }
    }
  }

  #settle(member: Member, reply: Reply): void {
    const waiting = member.running.get(reply.id);
    if (waiting === undefined) return;
    if ("failed" in reply) {
      this.#fail(revive(reply.failed));
      return;
    }
    member.running.delete(reply.id);
    waiting.resolve(reply.result);
    this.#dispatch();
  }

  /** The first failure ends everything: all jobs, waiting or running, reject with it. */
  #fail(error: Error): void {
    this.#failure ??= error;
    const running = this.#members.flatMap((member) => [...member.running.values()]);
    this.#members.forEach((member) => member.running.clear());
    for (const waiting of [...this.#queue.splice(0), ...running]) waiting.reject(this.#failure);
  }

  /** Lets the workers close their files, and waits for them. */
  async close(): Promise<void> {
    const exits = this.#members.map(
      ({ worker }) => new Promise<void>((resolve) => worker.once("exit", () => resolve())),
    );
    this.#members.forEach(({ worker }) => worker.postMessage("close"));
    await Promise.all(exits);
  }

  /** Stops the workers where they are. */
  async stop(): Promise<void> {
    this.#fail(new InterruptedError("INTERRUPTED", "The merge was stopped"));
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }
}

/** A worker's error, with the class that its code belongs to. */
function revive({ code, message, where, hint, stack }: FailedJob): MergeError {
  const { stage } = CODES[code];
  const Class = stage === "source" ? SourceError : stage === "sink" ? SinkError : EngineError;
  const details = { ...(where === undefined ? {} : { where }), ...(hint === undefined ? {} : { hint }) };
  const error = new Class(code, message, details);
  if (stack !== undefined) error.stack = stack;
  return error;
}
