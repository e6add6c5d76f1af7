import { isMergeError } from "../errors.ts";
import type { SourceError } from "../errors.ts";
import type { HubFile, HubOrigin } from "../sources/types.ts";
import type { HubSettings } from "./environment.ts";
import { badAnswer, hubError, subjectText } from "./failures.ts";
import { RemoteFile } from "./remote-file.ts";
import { retry } from "./retry.ts";
import type { Attempt } from "./retry.ts";
import { Slots } from "./slots.ts";
import { HubTransport } from "./transport.ts";

/** A range longer than this comes over several connections. */
const PIECE_BYTES = 32 * 2 ** 20;
/** Whole files in place of ranges, after which the server is believed to know no ranges. */
const MAX_WHOLE_ANSWERS = 2;

/** A model's file by the positions of both. */
interface Position {
  readonly model: number;
  readonly file: number;
}

interface Model {
  readonly hub?: HubOrigin | undefined;
  readonly files: readonly { readonly name: string }[];
}

/** Takes bytes that follow each other. */
interface Target {
  space(): Uint8Array;
  came(byteLength: number): void;
}

/** Weight files of models on the Hub that are not in the cache, read by ranges without being kept. */
export class HubInputs {
  readonly #files = new Map<string, RemoteFile>();
  readonly #transport: HubTransport;
  readonly #slots: Slots;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #wholeAnswers = new Map<RemoteFile, number>();

  constructor(settings: HubSettings, models: readonly Model[], signal?: AbortSignal) {
    this.#transport = new HubTransport(settings);
    this.#slots = new Slots(this.#transport.limits.connections);
    this.#signal = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
    for (const [model, { hub, files }] of models.entries()) {
      for (const [file, { name }] of files.entries()) {
        const known =
          hub?.missing.includes(name) === true ? hub.files.find((each) => each.name === name) : undefined;
        if (hub === undefined || known === undefined) continue;
        this.#files.set(keyOf({ model, file }), new RemoteFile(this.#transport, hub, known));
      }
    }
  }

  /** False if all files are here. */
  get any(): boolean {
    return this.#files.size > 0;
  }

  isRemote(position: Position): boolean {
    return this.#files.has(keyOf(position));
  }

  /** What the Hub lists of a file. */
  listed(position: Position): HubFile | undefined {
    return this.#files.get(keyOf(position))?.file;
  }

  /** The error for a file whose bytes, all of which came, are not those that the Hub lists. */
  wrong(position: Position, digest: string): SourceError | undefined {
    const remote = this.#files.get(keyOf(position));
    if (remote === undefined) return undefined;
    const message = `${subjectText(remote.subject)} arrived with the hash ${digest}, the Hub lists ${remote.file.hash}`;
    const hint = "Nothing was written. Merge again; should it happen again, tell the model's author.";
    return hubError("HUB_CHECKSUM", remote.subject, message, hint);
  }

  /** Brings the bytes [begin, end) of a file, each once; `target` takes those from its place in the range on. Throws a SourceError. */
  async fetch(
    { begin, end, ...position }: Position & { begin: number; end: number },
    target: (at: number) => Target,
  ): Promise<void> {
    const remote = this.#files.get(keyOf(position));
    if (remote === undefined) return;
    const pieces: Promise<void>[] = [];
    for (let at = begin; at < end; at += PIECE_BYTES)
      pieces.push(this.#fetchPiece(remote, at, Math.min(at + PIECE_BYTES, end), target(at - begin)));
    await Promise.all(pieces);
  }

  /** Ends what is still on its way. */
  stop(): void {
    this.#stop.abort();
  }

  async #fetchPiece(remote: RemoteFile, begin: number, end: number, target: Target): Promise<void> {
    let at = begin;
    const once = async (): Promise<Attempt<undefined>> =>
      await this.#slots.run(async () => {
        const opened = await remote.open(at, end, this.#signal);
        if ("again" in opened) return opened;
        if (opened.begin !== at) {
          opened.answer.body.drop();
          return this.#wholeAnswer(remote);
        }
        const before = at;
        const failure = await opened.answer.body.into({
          space: () => target.space().subarray(0, end - at),
          came: (length) => {
            target.came(length);
            at += length;
            return at === end ? "enough" : undefined;
          },
        });
        return at === end
          ? { value: undefined }
          : { again: failure ?? "the answer was cut short", progressed: at > before };
      });
    try {
      await retry(once, this.#transport.limits, remote.giveUp, this.#signal);
    } catch (error) {
      // Elsewhere what has arrived is kept; here it is not, and the cure is another.
      if (!isMergeError(error, "HUB_UNREACHABLE", "HUB_CHANGED", "HUB_ANSWER")) throw error;
      const hint =
        "Merge again; without --no-store, what has arrived is kept and the download goes on from there.";
      throw hubError(error.code, remote.subject, error.message, hint, error);
    }
  }

  #wholeAnswer(remote: RemoteFile): Attempt<undefined> {
    const count = (this.#wholeAnswers.get(remote) ?? 0) + 1;
    this.#wholeAnswers.set(remote, count);
    if (count < MAX_WHOLE_ANSWERS) return { again: "it sent the whole file instead of a range" };
    throw badAnswer(remote.subject, "it sends whole files instead of ranges, so merge without --no-store");
  }
}

const keyOf = ({ model, file }: Position) => `${model}:${file}`;
