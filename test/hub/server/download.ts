import { findRepository, mayDownload, tokenOf } from "./access.ts";
import { readBody, sendError, sendJson } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { treeEntry } from "./repository.ts";
import type { Repository, Snapshot } from "./repository.ts";
import { sendFile } from "./send-file.ts";
import type { ServerState } from "./state.ts";

/** /api/models/ORG/NAME[/revision/REV] */
export function sendInfo(state: ServerState, exchange: Exchange, id: string, revision: string): void {
  const found = findRevision(state, exchange, id, revision);
  if (found === undefined) return;
  const { repository, sha, snapshot } = found;
  const siblings = [...snapshot.keys()].sort().map((rfilename) => ({ rfilename }));
  const { private: isPrivate, gated } = repository;
  sendJson(exchange, 200, {
    ...{ _id: sha.slice(0, 24), id: repository.id, modelId: repository.id, sha, siblings },
    ...{
      private: isPrivate,
      gated: gated ? "manual" : false,
      disabled: false,
      downloads: 0,
      likes: 0,
      tags: [],
    },
    ...{ lastModified: "2026-01-01T00:00:00.000Z", createdAt: "2026-01-01T00:00:00.000Z" },
  });
}

/** /api/models/ORG/NAME/tree/REV: a page, and in the Link header where the next one is. */
export function sendTree(state: ServerState, exchange: Exchange, id: string, revision: string): void {
  const found = findRevision(state, exchange, id, revision);
  if (found === undefined) return;
  const { url, fault } = exchange;
  const cursor = Number(url.searchParams.get("cursor") ?? 0);
  const limit = Math.min(state.pageSize, Number(url.searchParams.get("limit") ?? state.pageSize));
  const recursive = /^(true|1)$/i.test(url.searchParams.get("recursive") ?? "");
  const entries = treeEntries(found.snapshot, recursive);
  const next = new URL(`${state.hubUrl}${url.pathname}${url.search}`);
  next.searchParams.set("cursor", String(fault?.kind === "loop" ? cursor : cursor + limit));
  const more = fault?.kind === "loop" || cursor + limit < entries.length;
  const headers: Record<string, string> = more ? { link: `<${next.href}>; rel="next"` } : {};
  sendJson(exchange, 200, entries.slice(cursor, cursor + limit), headers);
}

function treeEntries(snapshot: Snapshot, recursive: boolean): object[] {
  const paths = [...snapshot.keys()].sort();
  const folders = paths.flatMap((path) => {
    const parts = path.split("/").slice(0, -1);
    return parts.map((_, depth) => parts.slice(0, depth + 1).join("/"));
  });
  const kept = (path: string) => recursive || !path.includes("/");
  const oid = "0".repeat(40);
  const directories = [...new Set(folders)]
    .filter(kept)
    .map((path) => ({ type: "directory", oid, size: 0, path }));
  const files = [...snapshot].filter(([path]) => kept(path)).map(([path, file]) => treeEntry(path, file));
  return [...directories, ...files];
}

/** POST /api/models/ORG/NAME/paths-info/REV: the tree's rows of the paths asked for. */
export async function sendPathsInfo(state: ServerState, exchange: Exchange, id: string, revision: string) {
  const body = (await readBody(exchange)).toString();
  const found = findRevision(state, exchange, id, revision);
  if (found === undefined) return;
  const { paths } = JSON.parse(body) as { paths: string[] };
  const files = [paths].flat().map((path) => [path, found.snapshot.get(path)] as const);
  sendJson(
    exchange,
    200,
    files.flatMap(([path, file]) => (file === undefined ? [] : [treeEntry(path, file)])),
  );
}

interface Revision {
  readonly repository: Repository;
  readonly sha: string;
  readonly snapshot: Snapshot;
}

function findRevision(
  state: ServerState,
  exchange: Exchange,
  id: string,
  revision: string,
): Revision | undefined {
  const repository = findRepository(state, exchange, id);
  if (repository === undefined) return undefined;
  const sha = repository.resolve(revision);
  if (sha !== undefined) return { repository, sha, snapshot: repository.snapshot(sha) };
  sendError(exchange, 404, "RevisionNotFound", `Invalid rev id: ${revision}`);
  return undefined;
}

/**
 * /ORG/NAME/resolve/REV/FILE: what the file is in headers, and where its bytes are: on the content network under a
 * signed address for LFS files, on the Hub itself for small ones.
 */
export function sendResolve(
  state: ServerState,
  exchange: Exchange,
  id: string,
  revision: string,
  path: string,
): void {
  const found = findRevision(state, exchange, id, revision);
  if (found === undefined || !mayDownload(state, exchange, found.repository)) return;
  const { response, record } = exchange;
  const file = found.snapshot.get(path);
  response.setHeader("x-repo-commit", found.sha);
  if (file === undefined) {
    sendError(exchange, 404, "EntryNotFound", "Entry not found");
    return;
  }
  const { content, lfs } = file;
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  const location = lfs
    ? state.signUrl(content.sha256, path)
    : `/api/resolve-cache/models/${id}/${found.sha}/${encoded}?etag=${encodeURIComponent(`"${content.gitOid}"`)}`;
  record.status = lfs ? 302 : 307;
  const etag = `"${lfs ? content.sha256 : content.gitOid}"`;
  response.writeHead(record.status, {
    location,
    "accept-ranges": "bytes",
    "x-linked-size": content.size,
    "x-linked-etag": etag,
    ...(lfs ? { etag: `"${content.gitOid}"` } : { etag }),
    "content-length": 0,
  });
  response.end();
}

/** /api/resolve-cache/models/ORG/NAME/SHA/FILE: a small file itself. */
export async function sendSmallFile(
  state: ServerState,
  exchange: Exchange,
  id: string,
  sha: string,
  path: string,
) {
  const found = findRevision(state, exchange, id, sha);
  if (found === undefined || !mayDownload(state, exchange, found.repository)) return;
  const file = found.snapshot.get(path);
  if (file === undefined) {
    sendError(exchange, 404, "EntryNotFound", "Entry not found");
    return;
  }
  exchange.response.setHeader("x-repo-commit", sha);
  await sendFile(exchange, file.content, file.content.gitOid, state);
}

/** The content network: an LFS file under a signed address, for as long as that is good. */
export async function sendObject(state: ServerState, exchange: Exchange): Promise<void> {
  const { url, fault, request } = exchange;
  if (request.headers.authorization !== undefined) {
    sendXml(exchange, 400, "Only one auth mechanism allowed");
    return;
  }
  const object = state.objects.get(url.pathname.slice("/objects/".length));
  if (object === undefined || !state.isSigned(url) || fault?.kind === "expired") {
    sendXml(exchange, 403, "Request has expired");
    return;
  }
  await sendFile(exchange, object, object.sha256, state);
}

export function sendXml(exchange: Exchange, status: number, message: string): void {
  exchange.record.status = status;
  const body = `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`;
  exchange.response.writeHead(status, { "content-type": "application/xml" }).end(body);
}

/** /api/whoami-v2 */
export function sendWhoAmI(state: ServerState, exchange: Exchange): void {
  const token = tokenOf(state, exchange);
  if (token === undefined || token === "invalid") {
    sendError(exchange, 401, undefined, "Invalid username or password.");
    return;
  }
  const { user, role } = token;
  const accessToken = { displayName: "test", role, createdAt: "2026-01-01T00:00:00.000Z" };
  sendJson(exchange, 200, {
    ...{ type: "user", id: "1", name: user, fullname: user, orgs: [], isPro: false, emailVerified: true },
    auth: { type: "access_token", accessToken },
  });
}
