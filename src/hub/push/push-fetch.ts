import { isMergeError } from "../../errors.ts";
import type { HubSettings } from "../environment.ts";
import { TRANSFER_LIMITS } from "../limits.ts";
import { retry, retryAfterMs } from "../retry.ts";
import type { Again, Attempt } from "../retry.ts";
import { refusal, unreachable } from "./failures.ts";
import { FileBlob } from "./file-blob.ts";
import type { PushTarget } from "./types.ts";

/** Characters of an error's text that are shown. */
const MAX_TEXT = 300;

export interface PushFetchOptions {
  readonly settings: HubSettings;
  readonly target: PushTarget;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of large files that were sent; negative when an attempt failed and they will be sent again. */
  readonly onSent: (bytes: number) => void;
}

type Init = NonNullable<Parameters<typeof fetch>[1]>;

/**
 * A `fetch` for @huggingface/hub that repeats what may pass, shows the token to the Hub alone, counts the bytes of
 * files, and throws a SourceError for refusals; answers with one of the statuses in `accepted` are handed on.
 */
export function pushFetch(options: PushFetchOptions, accepted: readonly number[] = []): typeof fetch {
  const { settings, target, signal } = options;
  const limits = { ...TRANSFER_LIMITS, ...settings.limits };
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const giveUp = (reason: string, attempts: number) => unreachable(target, url.host, reason, attempts);
    const attempt = () => attemptOnce(url, init, options, limits.stallMs, accepted);
    return await retry(attempt, limits, giveUp, signal);
  };
}

async function attemptOnce(
  url: URL,
  init: Init,
  options: PushFetchOptions,
  stallMs: number,
  accepted: readonly number[],
): Promise<Attempt<Response>> {
  const { settings, target, onSent, signal } = options;
  const watchdog = new Watchdog(stallMs, [signal, init.signal]);
  let sent = 0;
  const count = (bytes: number) => {
    sent += bytes;
    watchdog.alive();
    onSent(bytes);
  };
  const takeBack = (again: Again): Again => {
    onSent(-sent);
    return again;
  };
  try {
    const { body } = init;
    const response = await fetch(url, {
      ...init,
      headers: headersFor(url, init, settings),
      signal: watchdog.signal,
      ...(body instanceof FileBlob && { body: body.watched(count) }),
    });
    if (response.ok || accepted.includes(response.status)) return { value: await received(response) };
    const text = await errorText(response);
    if (response.status === 408 || response.status === 429 || response.status >= 500) {
      const afterMs = retryAfterMs(response.headers.get("retry-after") ?? undefined, Date.now());
      return takeBack({ again: `it answered ${response.status}`, afterMs });
    }
    throw refusal(response.status, text, target, settings);
  } catch (error) {
    if (isMergeError(error)) throw error;
    return takeBack({ again: watchdog.barked ? `nothing moved for ${stallMs / 1000} s` : reasonOf(error) });
  } finally {
    watchdog.stop();
  }
}

/** The body is read here, so that a connection that breaks in it is tried again too. */
async function received(response: Response): Promise<Response> {
  const body = await response.arrayBuffer();
  const empty = [204, 205, 304].includes(response.status);
  return new Response(empty ? null : body, { status: response.status, headers: response.headers });
}

/** The token is for the Hub; the signed addresses of its storage refuse a second credential. */
function headersFor(url: URL, init: Init, { endpoint, token }: HubSettings): Headers {
  const headers = new Headers(init.headers);
  headers.delete("authorization");
  if (token !== undefined && url.origin === new URL(endpoint).origin)
    headers.set("authorization", token.authorization());
  return headers;
}

async function errorText(response: Response): Promise<string> {
  const said = response.headers.get("x-error-message");
  const text = said ?? (await response.text().catch(() => ""));
  const plain = /"error"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text;
  return plain
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(0, MAX_TEXT);
}

/** `fetch` hides the system's error in the cause of its own. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** Aborts a request on which nothing has moved for a time, or that the caller stops. */
class Watchdog {
  readonly #controller = new AbortController();
  readonly #stallMs: number;
  #timer: NodeJS.Timeout;
  barked = false;
  readonly signal: AbortSignal;

  constructor(stallMs: number, others: readonly (AbortSignal | null | undefined)[]) {
    this.#stallMs = stallMs;
    const given = others.filter((other) => other !== null && other !== undefined);
    this.signal = AbortSignal.any([this.#controller.signal, ...given]);
    this.#timer = this.#start();
  }

  alive(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => {
      this.barked = true;
      this.#controller.abort();
    }, this.#stallMs);
  }
}
