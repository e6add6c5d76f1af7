import { connect as connectPlain, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { InterruptedError, isMergeError, SourceError } from "../errors.ts";
import { copyInto, isShort } from "./body.ts";
import type { Body, Sink } from "./body.ts";
import { connectionFailure } from "./connection-failure.ts";
import { HeadReader } from "./head-reader.ts";
import type { Head } from "./http-head.ts";

/** What a connection does: nothing; it waits for a head; a body may come, or comes; it is gone. */
type State = "idle" | "head" | "body" | "gone";

export interface RangeRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A connection for GET requests, one after the other, whose bodies the system writes straight into the memory of who
 * wants them: Node's own client makes a buffer, an event and garbage for every 64 KiB, which takes as long again.
 */
export class RangeConnection implements Body {
  readonly #socket: Socket;
  readonly #onIdle: (connection: RangeConnection) => void;
  readonly #reader = new HeadReader();
  /** What came of a body before it had a sink. */
  #early: Buffer = Buffer.alloc(0);
  /** Where the socket writes next. */
  #target: Uint8Array = this.#reader.space();
  #state: State = "idle";
  #stallMs = 0;
  #isLasting = true;
  /** Bytes of the body that are still to come. */
  #left = 0;
  #sink: Sink | undefined;
  /** Ends what is waited for: a head, or a body. */
  #settle: ((result: { head: Head } | { error: unknown } | undefined) => void) | undefined;
  #error: unknown;
  #unlisten: (() => void) | undefined;

  constructor({ protocol, hostname, port }: URL, onIdle: (connection: RangeConnection) => void) {
    this.#onIdle = onIdle;
    const onread = { buffer: () => this.#next(), callback: (length: number) => this.#arrived(length) };
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const secure = protocol === "https:";
    const options = { host, port: Number(port === "" ? (secure ? 443 : 80) : port), onread };
    const name = isIP(host) === 0 ? { servername: host } : {};
    this.#socket = secure ? connectSecure({ ...options, ...name }) : connectPlain(options);
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("end", () => this.#socket.destroy());
    this.#socket.on("close", () => this.#fail(new Closed()));
    this.#socket.on("timeout", () => {
      const reason = `nothing arrived for ${this.#stallMs / 1000} s`;
      this.#fail(new SourceError("HUB_UNREACHABLE", reason));
    });
  }

  get isIdle(): boolean {
    return this.#state === "idle";
  }

  /** It was closed before a byte of an answer came. */
  get isUnanswered(): boolean {
    const isClosed = this.#error instanceof Closed || !isMergeError(this.#error);
    return this.#state === "gone" && this.#reader.isEmpty && isClosed;
  }

  /** Sends a request and waits for the head of its answer; then `into` or `drop` must be called. */
  async ask({ url, headers, stallMs, signal }: RangeRequest): Promise<Head> {
    const fields = Object.entries({ host: url.host, ...headers, connection: "keep-alive" });
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    this.#state = "head";
    this.#reader.clear();
    this.#stallMs = stallMs;
    const stop = () => this.#fail(new InterruptedError("INTERRUPTED", "The run was stopped"));
    signal?.addEventListener("abort", stop, { once: true });
    this.#unlisten = () => signal?.removeEventListener("abort", stop);
    this.#socket.ref();
    this.#socket.setTimeout(stallMs);
    return await new Promise((resolve, reject) => {
      this.#settle = (result) => {
        if (result !== undefined && "head" in result) resolve(result.head);
        else reject(asError(result?.error));
      };
      if (signal?.aborted === true) stop();
      else this.#socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines}\r\n`, "latin1");
    });
  }

  async into(sink: Sink): Promise<string | undefined> {
    return await new Promise((resolve, reject) => {
      this.#settle = (result) => {
        const error = result !== undefined && "error" in result ? result.error : undefined;
        if (error instanceof SinkFailure) reject(asError(error.cause));
        else if (isMergeError(error, "INTERRUPTED")) reject(error);
        else resolve(error === undefined ? undefined : connectionFailure(error));
      };
      if (this.#state !== "body") {
        this.#settle({ error: this.#error });
        return;
      }
      this.#sink = sink;
      if (this.#left === 0) this.#complete();
      else if (this.#early.length === 0 || this.#take(this.#early)) this.#socket.resume();
    });
  }

  drop(): void {
    if (this.#state !== "body") return;
    if (!this.#isLasting || !isShort(this.#left)) this.#fail(undefined);
    // How it ends is of no interest.
    else this.into({ space: () => this.#reader.space(), came: () => undefined }).catch(() => undefined);
  }

  #next(): Uint8Array {
    try {
      const sink = this.#left > 0 ? this.#sink : undefined;
      this.#target = sink?.space().subarray(0, this.#left) ?? this.#reader.space();
    } catch (error) {
      // Nobody else would meet it: the system asks for this.
      this.#fail(new SinkFailure(error));
      this.#target = this.#reader.space();
    }
    return this.#target;
  }

  /** Takes what the socket has written; false: no more for now. */
  #arrived(byteLength: number): boolean {
    if (this.#state === "head") return this.#takeHead(byteLength);
    if (this.#sink === undefined) {
      // Nobody has asked for this.
      this.#fail(new Closed());
      return false;
    }
    // A TLS record is handed over to its end, though no more is wanted.
    if (this.#left === 0) return (this.#isLasting = false);
    if (this.#reader.owns(this.#target)) return this.#take(this.#target.subarray(0, byteLength));
    return this.#count(this.#sink, () => this.#sink?.came(byteLength), byteLength);
  }

  /** Takes bytes that lie in memory of the connection's own. */
  #take(bytes: Uint8Array): boolean {
    const sink = this.#sink;
    const wanted = bytes.subarray(0, this.#left);
    if (wanted.length < bytes.length) this.#isLasting = false;
    return sink === undefined || this.#count(sink, () => copyInto(sink, wanted), wanted.length);
  }

  #count(sink: Sink, came: () => ReturnType<Sink["came"]>, byteLength: number): boolean {
    this.#left -= byteLength;
    let wait: ReturnType<Sink["came"]>;
    try {
      wait = came();
    } catch (error) {
      this.#fail(new SinkFailure(error));
      return false;
    }
    if (typeof wait === "object") this.#pause(sink, wait);
    else if (this.#left === 0) this.#complete();
    else if (wait === "enough") this.#fail(undefined);
    return wait === undefined || (wait === "enough" && this.#left === 0);
  }

  /** What waits for the disk does not wait for the network. */
  #pause(sink: Sink, until: Promise<void>): void {
    const goOn = () => {
      if (this.#sink !== sink || this.#state !== "body") return;
      if (this.#left === 0) this.#complete();
      else {
        this.#socket.setTimeout(this.#stallMs);
        this.#socket.resume();
      }
    };
    this.#socket.setTimeout(0);
    until.then(goOn, (error: unknown) => this.#fail(new SinkFailure(error)));
  }

  #takeHead(byteLength: number): boolean {
    let come: ReturnType<HeadReader["came"]>;
    try {
      come = this.#reader.came(byteLength);
    } catch (error) {
      this.#fail(error);
      return false;
    }
    if (come === undefined) return true;
    const { head, rest } = come;
    this.#early = rest;
    this.#left = head.byteLength ?? Infinity;
    this.#isLasting = head.isLasting && rest.length <= (head.byteLength ?? -1);
    this.#state = "body";
    this.#settle?.({ head });
    return false;
  }

  #complete(): void {
    const settle = this.#settle;
    this.#rest();
    if (!this.#isLasting) this.#fail(undefined);
    else {
      this.#state = "idle";
      // An idle connection keeps no process alive.
      this.#socket.setTimeout(0);
      this.#socket.unref();
      this.#onIdle(this);
      this.#socket.resume();
    }
    settle?.(undefined);
  }

  #fail(error: unknown): void {
    if (this.#state === "gone") return;
    const settle = this.#settle;
    this.#state = "gone";
    this.#error = error;
    this.#rest();
    this.#socket.destroy();
    settle?.({ error });
  }

  #rest(): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#settle = undefined;
    this.#sink = undefined;
    this.#early = Buffer.alloc(0);
  }
}

/** The other side has hung up. */
class Closed extends SourceError {
  constructor() {
    super("HUB_UNREACHABLE", "the connection broke");
  }
}

/** A failure of who takes the bytes, not of the connection. */
class SinkFailure {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new SourceError("HUB_UNREACHABLE", String(error));
