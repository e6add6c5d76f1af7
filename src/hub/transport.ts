import { isMergeError } from "../errors.ts";
import type { HubSettings } from "./environment.ts";
import { readBody } from "./body.ts";
import { connectionFailure } from "./connection-failure.ts";
import { badAnswer, failureOf, unreachable } from "./failures.ts";
import type { Subject } from "./failures.ts";
import { MAX_ANSWER_BYTES, MAX_REDIRECTS, TRANSFER_LIMITS } from "./limits.ts";
import type { TransferLimits } from "./limits.ts";
import { retry } from "./retry.ts";
import type { Attempt } from "./retry.ts";
import { redirectOf, send, withoutQuery } from "./send.ts";
import type { Answer, SendOptions } from "./send.ts";
import { sendRange } from "./send-range.ts";

/** Sends requests to one Hub: with its token, which no other host gets to see, and with patience. */
export class HubTransport {
  readonly settings: HubSettings;
  readonly limits: TransferLimits;

  constructor(settings: HubSettings) {
    this.settings = settings;
    this.limits = { ...TRANSFER_LIMITS, ...settings.limits };
  }

  /** One request, no redirect followed. */
  async send(url: URL, options: Omit<SendOptions, "stallMs">): Promise<Answer> {
    const headers = this.#headersFor(url, options.headers);
    return await send(url, { ...options, headers, stallMs: this.limits.stallMs });
  }

  /** One request for bytes of a file, no redirect followed. */
  async sendRange(url: URL, given: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Answer> {
    const headers = this.#headersFor(url, given);
    return await sendRange({ url, headers, signal, stallMs: this.limits.stallMs });
  }

  #headersFor(url: URL, given: Readonly<Record<string, string>> = {}): Record<string, string> {
    const { endpoint, token } = this.settings;
    const isHub = url.origin === new URL(endpoint).origin;
    return isHub && token !== undefined ? { ...given, authorization: token.authorization() } : { ...given };
  }

  /**
   * A `fetch` for @huggingface/hub that only ever returns good answers, of bounded length; throws a SourceError for all
   * others. Tokens that the library adds of itself are dropped.
   */
  fetchFor(subject: Subject, signal?: AbortSignal): typeof fetch {
    return async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const { body } = init ?? {};
      const given = Object.fromEntries(new Headers(init?.headers).entries());
      delete given["authorization"];
      const options = {
        method: init?.method ?? "GET",
        headers: given,
        ...(typeof body === "string" && { body }),
        signal,
      };
      const giveUp = (reason: string, attempts: number) =>
        unreachable(subject, this.settings.endpoint, reason, attempts);
      return await retry(() => this.#fetchOnce(url, options, subject), this.limits, giveUp, signal);
    };
  }

  async #fetchOnce(
    start: URL,
    options: Omit<SendOptions, "stallMs">,
    subject: Subject,
  ): Promise<Attempt<Response>> {
    try {
      let answer = await this.send(start, options);
      for (let hops = 0; ; hops++) {
        const target = redirectOf(answer);
        if (target === undefined) break;
        answer.body.drop();
        if (target === "unsafe" || hops === MAX_REDIRECTS) {
          throw badAnswer(
            subject,
            `${withoutQuery(answer.url)} redirects too often, or to where it must not`,
          );
        }
        answer = await this.send(target, options);
      }
      if (answer.status < 200 || answer.status > 299) {
        const failure = await failureOf(answer, subject, this.settings);
        if ("again" in failure) return failure;
        throw failure;
      }
      const content = await readBody(answer.body, MAX_ANSWER_BYTES);
      if (content === undefined)
        throw badAnswer(subject, `an answer has more than ${MAX_ANSWER_BYTES} bytes`);
      const { link, "content-type": type } = answer.headers;
      const headers = {
        ...(typeof link === "string" && { link }),
        ...(type !== undefined && { "content-type": type }),
      };
      return { value: new Response(new Uint8Array(content), { status: 200, headers }) };
    } catch (error) {
      if (isMergeError(error) && error.code !== "HUB_UNREACHABLE") throw error;
      return { again: connectionFailure(error) };
    }
  }
}
