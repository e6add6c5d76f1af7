import { isMergeError } from "../errors.ts";

/** A failed connection in words: "connection reset", "nothing arrived for 30 s". */
export function connectionFailure(error: unknown): string {
  if (isMergeError(error)) return error.message;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const known: Readonly<Record<string, string>> = {
    ENOTFOUND: "its name is not known to the network",
    EAI_AGAIN: "its name could not be looked up",
    ECONNREFUSED: "the connection was refused",
    ECONNRESET: "the connection broke",
    EPIPE: "the connection broke",
    ETIMEDOUT: "the connection timed out",
    ENETUNREACH: "there is no network",
    EHOSTUNREACH: "there is no way to it",
  };
  const name = typeof code === "string" ? code : "";
  return known[name] ?? (name === "" ? "the connection failed" : `the connection failed (${name})`);
}
