import { isMergeError } from "../errors.ts";
import { connectionFailure } from "./connection-failure.ts";
import { fileUrl } from "./client.ts";
import type { HubFile } from "../sources/types.ts";
import type { Repository } from "./client.ts";
import { againHint, badAnswer, failureOf, hubError, subjectText, unreachable } from "./failures.ts";
import type { Subject } from "./failures.ts";
import { MAX_REDIRECTS } from "./limits.ts";
import { retry } from "./retry.ts";
import type { Again, Attempt } from "./retry.ts";
import { redirectOf, withoutQuery } from "./send.ts";
import type { Answer } from "./send.ts";
import type { HubTransport } from "./transport.ts";

/** Answers in another encoding, after which something on the way is believed to insist on it. */
const MAX_ENCODED_ANSWERS = 2;

/** Of what is not wanted, at a time. */
const SKIPPED_BYTES = 65_536;

/** An answer with bytes of a file: those asked for, or all of it from a server that knows no ranges. */
export interface OpenRange {
  readonly answer: Answer;
  readonly begin: number;
  /** At most what was asked for. */
  readonly end: number;
}

/** One file of a repository at a commit, read by ranges from wherever the Hub sends us for it. */
export class RemoteFile {
  readonly file: HubFile;
  readonly transport: HubTransport;
  readonly subject: Subject;
  readonly #start: URL;
  /** The signed address that the Hub redirected to; it holds for a while. */
  #location: URL | undefined;
  #encoded = 0;
  /** Of the bytes, by each host's own count. */
  readonly #tags = new Map<string, string>();

  constructor(transport: HubTransport, repository: Repository, file: HubFile) {
    this.transport = transport;
    this.file = file;
    this.subject = { ...repository, file: file.name };
    this.#start = fileUrl(transport, repository, file.name);
  }

  /** Asks for the bytes [begin, end). Throws a SourceError for what no repetition can cure. */
  async open(begin: number, end: number, signal?: AbortSignal): Promise<OpenRange | Again> {
    try {
      const answer = await this.#follow({ range: `bytes=${begin}-${end - 1}` }, signal);
      return "again" in answer ? answer : this.#checked(answer, begin, end);
    } catch (error) {
      if (isMergeError(error) && error.code !== "HUB_UNREACHABLE") throw error;
      return { again: connectionFailure(error) };
    }
  }

  /** Reads exactly the bytes [begin, end), with as many attempts as it takes. Throws a SourceError. */
  async read(begin: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
    const bytes = new Uint8Array(end - begin);
    let filled = 0;
    const once = async (): Promise<Attempt<Uint8Array>> => {
      if (filled === bytes.length) return { value: bytes };
      const opened = await this.open(begin + filled, end, signal);
      if ("again" in opened) return opened;
      const before = filled;
      // A server without ranges sends all that lies before as well.
      let skip = begin + filled - opened.begin;
      const unwanted = new Uint8Array(Math.min(SKIPPED_BYTES, skip));
      const failure = await opened.answer.body.into({
        space: () => (skip > 0 ? unwanted.subarray(0, skip) : bytes.subarray(filled)),
        came: (length) => {
          if (skip > 0) skip -= length;
          else filled += length;
          return filled === bytes.length ? "enough" : undefined;
        },
      });
      if (filled === bytes.length) return { value: bytes };
      return { again: failure ?? "the answer was cut short", progressed: filled > before };
    };
    return await retry(once, this.transport.limits, this.giveUp, signal);
  }

  readonly giveUp = (reason: string, attempts: number): Error =>
    unreachable(this.subject, this.transport.settings.endpoint, reason, attempts);

  async #follow(
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Answer | Again> {
    let url = this.#location ?? this.#start;
    for (let hops = 0; ; hops++) {
      const answer = await this.transport.sendRange(url, headers, signal);
      const target = redirectOf(answer);
      if (target === undefined) return answer.status < 300 ? answer : await this.#failed(answer);
      answer.body.drop();
      if (target === "unsafe" || hops === MAX_REDIRECTS) {
        throw badAnswer(this.subject, `${withoutQuery(url)} redirects too often, or to where it must not`);
      }
      this.#checkLinked(answer);
      url = target;
      this.#location = target;
    }
  }

  /** A refusal by the storage means most often that the signed address is too old: the Hub gives a new one. */
  async #failed(answer: Answer): Promise<Again> {
    const wasSigned = this.#location !== undefined;
    this.#location = undefined;
    if (wasSigned && [400, 401, 403, 404, 410].includes(answer.status)) {
      answer.body.drop();
      return { again: `the storage refused a signed address (${answer.status})` };
    }
    if (answer.status === 416) throw this.#changed("it is shorter");
    const failure = await failureOf(answer, this.subject, this.transport.settings);
    if ("again" in failure) return failure;
    throw failure;
  }

  /** What the Hub says of the file must be what it listed. */
  #checkLinked({ headers }: Answer): void {
    const { "x-linked-etag": tag, "x-linked-size": size } = headers;
    if (typeof tag === "string" && plainTag(tag) !== this.file.hash)
      throw this.#changed("it has another hash");
    if (typeof size === "string" && Number(size) !== this.file.byteLength)
      throw this.#changed("it has another size");
  }

  #checked(answer: Answer, begin: number, end: number): OpenRange | Again {
    const { status, headers, url } = answer;
    const { byteLength } = this.file;
    const again = (reason: string): Again => {
      answer.body.drop();
      return { again: reason };
    };
    const encoding = headers["content-encoding"] ?? "identity";
    if (encoding !== "identity") {
      const what = `it sent bytes in ${encoding}, though they were asked for as they are`;
      if (++this.#encoded < MAX_ENCODED_ANSWERS) return again(what);
      answer.body.drop();
      throw badAnswer(this.subject, what);
    }
    const { etag } = headers;
    const known = this.#tags.get(url.origin);
    if (etag !== undefined) {
      this.#tags.set(url.origin, plainTag(etag));
      if (known !== undefined && known !== plainTag(etag)) {
        answer.body.drop();
        throw this.#changed("another ETag came with later bytes");
      }
    }
    if (status === 200) {
      if (headers["content-length"] === String(byteLength)) return { answer, begin: 0, end: byteLength };
      return again("it sent a file of another length instead of a range");
    }
    const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
    if (status !== 206 || first === undefined) return again(`it answered ${status} to a range`);
    if (total !== "*" && Number(total) !== byteLength) {
      answer.body.drop();
      throw this.#changed(`it has ${String(total)} bytes, not ${byteLength}`);
    }
    if (Number(first) !== begin || Number(last) >= end)
      return again("it sent another range than was asked for");
    return { answer, begin, end: Number(last) + 1 };
  }

  #changed(what: string): Error {
    const message = `${subjectText(this.subject)} changed on the Hub while it was read: ${what}`;
    return hubError("HUB_CHANGED", this.subject, message, againHint(this.subject));
  }
}

const plainTag = (tag: string) => tag.replace(/^W\//, "").replaceAll('"', "");
