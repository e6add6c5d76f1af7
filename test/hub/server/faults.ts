/**
 * What a request is for: "api" is any answer in JSON except "tree" and "commit"; "resolve" is the Hub's address of a
 * file, "cdn" the signed one that it redirects to; "upload" is a PUT of LFS bytes, "batch" the LFS batch call.
 */
export type Place = "api" | "tree" | "resolve" | "cdn" | "batch" | "upload" | "commit";

export type Fault =
  /** Another status in place of the answer; `retryAfter` is in seconds or an HTTP date. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string; readonly code?: string }
  /** The whole file with 200, whatever range was asked for. */
  | { readonly kind: "whole" }
  /** A well-formed answer with this many bytes less than were asked for. */
  | { readonly kind: "short"; readonly missing: number }
  /** The connection is cut after so many bytes of the body. */
  | { readonly kind: "drop"; readonly after: number }
  /** Nothing more comes after so many bytes of the body, and the connection stays open. */
  | { readonly kind: "stall"; readonly after: number }
  /** One byte is not what it was: the one at this position of the file, or the first that is sent. */
  | { readonly kind: "corrupt"; readonly at?: number }
  /** Other bytes under another ETag, as if the file had been replaced. */
  | { readonly kind: "changed"; readonly bytes: Uint8Array }
  /** The signed address is refused as expired. */
  | { readonly kind: "expired" }
  /** The range comes compressed, though nobody can add such pieces up. */
  | { readonly kind: "gzip" }
  /** The range starts this many bytes later than asked for, and says so. */
  | { readonly kind: "shifted"; readonly by: number }
  /** A header line of this many bytes. */
  | { readonly kind: "huge HTTP header"; readonly bytes: number }
  /** The next page of a listing is the same page. */
  | { readonly kind: "loop" };

export interface FaultRule {
  readonly at: Place;
  /** Path in the repository; every file if left out. */
  readonly file?: string;
  readonly method?: string;
  /** Which of the requests that fit, counted from 1 since the rule was made; every one if left out. */
  readonly requests?: readonly number[];
  readonly fault: Fault;
}

export interface FaultSubject {
  readonly at: Place;
  readonly file: string | undefined;
  readonly method: string;
}

/** The rules in force, each with the number of requests that it has seen. */
export class Faults {
  #rules: { rule: FaultRule; seen: number }[] = [];

  add(rule: FaultRule): void {
    this.#rules.push({ rule, seen: 0 });
  }

  clear(): void {
    this.#rules = [];
  }

  /** The fault of the first rule that fits this request, which is counted by every rule that fits. */
  next({ at, file, method }: FaultSubject): Fault | undefined {
    let chosen: Fault | undefined;
    for (const entry of this.#rules) {
      const { rule } = entry;
      const fits =
        rule.at === at &&
        (rule.file === undefined || rule.file === file) &&
        (rule.method === undefined || rule.method === method);
      if (!fits) continue;
      entry.seen += 1;
      if (rule.requests === undefined || rule.requests.includes(entry.seen)) chosen ??= rule.fault;
    }
    return chosen;
  }
}
