import { Agent, request as requestPlain } from "node:http";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent as SecureAgent, request as requestSecure } from "node:https";
import { InterruptedError, SourceError } from "../errors.ts";
import { readBody, StreamBody } from "./body.ts";
import type { Body } from "./body.ts";

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Gives up when nothing arrives for so long (ms), while connecting as well. */
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The head of an answer, and its body as it comes. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be taken or dropped. */
  readonly body: Body;
}

const AGENTS = {
  plain: new Agent({ keepAlive: true }),
  secure: new SecureAgent({ keepAlive: true }),
};

/** What is asked for by byte must come byte for byte. */
export const IDENTITY = { "accept-encoding": "identity", "user-agent": "stockpot" };

/** Text of an error's body that is looked at, in bytes. */
const MAX_ERROR_BYTES = 16_384;

/**
 * Sends one request and follows no redirect. Not `fetch`: that undoes a Content-Encoding unseen, and takes half of the
 * speed of a fast line. Rejects with the system's error when there is no connection.
 */
export async function send(url: URL, options: SendOptions): Promise<Answer> {
  const { method = "GET", headers = {}, body, stallMs, signal } = options;
  const secure = url.protocol === "https:";
  return await new Promise((resolve, reject) => {
    const request = (secure ? requestSecure : requestPlain)(url, {
      method,
      headers: { ...IDENTITY, ...headers },
      agent: secure ? AGENTS.secure : AGENTS.plain,
      timeout: stallMs,
    });
    // Its reason would be lost if the request were destroyed once there is an answer.
    let current: ClientRequest | IncomingMessage = request;
    const stop = () => current.destroy(new InterruptedError("INTERRUPTED", "The run was stopped"));
    signal?.addEventListener("abort", stop, { once: true });
    request.on("close", () => signal?.removeEventListener("abort", stop));
    request.on("timeout", () => {
      current.destroy(new SourceError("HUB_UNREACHABLE", `nothing arrived for ${stallMs / 1000} s`));
    });
    request.on("error", reject);
    request.on("response", (answer) => {
      current = answer;
      const length = Number(answer.headers["content-length"] ?? Infinity);
      const body = new StreamBody(answer, length);
      resolve({ url, status: answer.statusCode ?? 0, headers: answer.headers, body });
    });
    if (signal?.aborted === true) stop();
    request.end(body);
  });
}

/** The text of an error's body, as far as it is short. */
export async function errorText(answer: Answer): Promise<string> {
  const body = await readBody(answer.body, MAX_ERROR_BYTES).catch(() => undefined);
  return body?.toString("utf8") ?? "";
}

/** Where a redirect leads, by the rules for safety; undefined if the answer is none. */
export function redirectOf({ url, status, headers }: Answer): URL | "unsafe" | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const { location = "" } = headers;
  if (!URL.canParse(location, url.href)) return "unsafe";
  const target = new URL(location, url);
  // No step down to a line that others can read, none to other protocols, no names and passwords.
  const isSafe = target.protocol === "https:" || (target.protocol === "http:" && url.protocol === "http:");
  return isSafe && target.username === "" && target.password === "" ? target : "unsafe";
}

/** An address for messages: what follows ? may be a signature, which is a kind of password. */
export const withoutQuery = (url: URL): string => `${url.origin}${url.pathname}`;
