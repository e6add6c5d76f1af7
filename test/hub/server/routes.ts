import {
  sendInfo,
  sendObject,
  sendPathsInfo,
  sendResolve,
  sendSmallFile,
  sendTree,
  sendWhoAmI,
} from "./download.ts";
import { sendError } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { Place } from "./faults.ts";
import type { ServerState } from "./state.ts";
import {
  completeMultipart,
  createBranch,
  createRepository,
  receiveCommit,
  receiveObject,
  sendBatch,
  sendPreupload,
  verifyObject,
} from "./upload.ts";

export interface Route {
  readonly host: "hub" | "cdn";
  readonly at: Place;
  readonly file: string | undefined;
  readonly answer: (state: ServerState, exchange: Exchange) => Promise<void> | void;
}

type Answer = (state: ServerState, exchange: Exchange, ...parts: string[]) => Promise<void> | void;

/** Method, pattern of the path, what the request is for, and which group of the pattern is a file's path. */
type Row = readonly [method: RegExp, path: RegExp, at: Place, file: number | undefined, answer: Answer];

const HUB_ROUTES: readonly Row[] = [
  [/GET/, /^\/api\/whoami-v2$/, "api", undefined, sendWhoAmI],
  [/POST/, /^\/api\/repos\/create$/, "api", undefined, createRepository],
  [/POST/, /^\/api\/complete_multipart$/, "api", undefined, completeMultipart],
  [/GET|HEAD/, /^\/api\/resolve-cache\/models\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/, "resolve", 3, sendSmallFile],
  [/GET/, /^\/api\/models\/([^/]+\/[^/]+)\/tree\/([^/]+)$/, "tree", undefined, sendTree],
  [/POST/, /^\/api\/models\/([^/]+\/[^/]+)\/paths-info\/([^/]+)$/, "api", undefined, sendPathsInfo],
  [/POST/, /^\/api\/models\/([^/]+\/[^/]+)\/branch\/([^/]+)$/, "api", undefined, createBranch],
  [/POST/, /^\/api\/models\/([^/]+\/[^/]+)\/preupload\/([^/]+)$/, "api", undefined, sendPreupload],
  [/POST/, /^\/api\/models\/([^/]+\/[^/]+)\/commit\/([^/]+)$/, "commit", undefined, receiveCommit],
  [/GET/, /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/, "api", undefined, sendInfo],
  [
    /GET/,
    /^\/api\/models\/([^/]+\/[^/]+)$/,
    "api",
    undefined,
    (state, exchange, id = "") => sendInfo(state, exchange, id, "HEAD"),
  ],
  [/POST/, /^\/([^/]+\/[^/]+)\.git\/info\/lfs\/objects\/batch$/, "batch", undefined, sendBatch],
  [/POST/, /^\/([^/]+\/[^/]+)\.git\/info\/lfs\/objects\/verify$/, "api", undefined, verifyObject],
  [/GET|HEAD/, /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/, "resolve", 3, sendResolve],
];

/** Finds who answers a request, and which file it is about. */
export function routeOf(host: Route["host"], method: string, url: URL): Route {
  if (host === "cdn") {
    const file = url.searchParams.get("file") ?? undefined;
    return method === "PUT"
      ? { host, at: "upload", file, answer: receiveObject }
      : { host, at: "cdn", file, answer: sendObject };
  }
  for (const [methods, pattern, at, group, answer] of HUB_ROUTES) {
    const match = methods.test(method) ? pattern.exec(url.pathname) : null;
    if (match === null) continue;
    const parts = match.slice(1).map(decodeURIComponent);
    const file = group === undefined ? undefined : parts[group - 1];
    return { host, at, file, answer: (state, exchange) => answer(state, exchange, ...parts) };
  }
  const answer: Route["answer"] = (_, exchange) =>
    sendError(exchange, 404, undefined, `Cannot ${method} ${url.pathname}`);
  return { host, at: "api", file: undefined, answer };
}
