import { findRepository, mayWrite } from "./access.ts";
import { contentOf, sha256 } from "./content.ts";
import { sendXml } from "./download.ts";
import { readBody, sendError, sendJson } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { belongsInLfs, fileOf, Repository } from "./repository.ts";
import type { StoredFile } from "./repository.ts";
import type { ServerState } from "./state.ts";

async function readJson(exchange: Exchange): Promise<Record<string, unknown>> {
  return JSON.parse((await readBody(exchange)).toString()) as Record<string, unknown>;
}

/** POST /api/repos/create */
export async function createRepository(state: ServerState, exchange: Exchange): Promise<void> {
  const body = await readJson(exchange);
  if (!mayWrite(state, exchange)) return;
  const id = `${String(body["organization"])}/${String(body["name"])}`;
  const url = `${state.hubUrl}/${id}`;
  if (state.repositories.has(id)) {
    sendJson(exchange, 409, { error: "You already created this model repo", url });
    return;
  }
  const isPrivate = body["visibility"] === "private" || body["private"] === true;
  state.repositories.set(id, new Repository(id, { private: isPrivate }));
  sendJson(exchange, 200, { url, id, name: id });
}

/** POST /api/models/ORG/NAME/branch/BRANCH */
export async function createBranch(state: ServerState, exchange: Exchange, id: string, branch: string) {
  const body = await readJson(exchange);
  if (!mayWrite(state, exchange)) return;
  const repository = findRepository(state, exchange, id);
  if (repository === undefined) return;
  const start = repository.resolve(
    typeof body["startingPoint"] === "string" ? body["startingPoint"] : "main",
  );
  if (repository.refs.has(branch) && body["overwrite"] !== true) {
    sendError(exchange, 409, undefined, `Reference already exists: refs/heads/${branch}`);
  } else if (start === undefined) {
    sendError(exchange, 404, "RevisionNotFound", "Invalid starting point");
  } else {
    if (!repository.refs.has(branch)) repository.refs.set(branch, start);
    sendJson(exchange, 200, {});
  }
}

/** POST /api/models/ORG/NAME/preupload/REV: which files go to LFS. */
export async function sendPreupload(state: ServerState, exchange: Exchange, id: string, revision: string) {
  const body = await readJson(exchange);
  if (!mayWrite(state, exchange)) return;
  const repository = findRepository(state, exchange, id);
  if (repository === undefined) return;
  if (repository.resolve(revision) === undefined) {
    sendError(exchange, 404, "RevisionNotFound", `Invalid rev id: ${revision}`);
    return;
  }
  const files = (body["files"] as { path: string; size: number }[]).map(({ path, size }) => ({
    path,
    uploadMode: belongsInLfs(path, size) ? "lfs" : "regular",
    shouldIgnore: false,
  }));
  sendJson(exchange, 200, { files });
}

/** POST /ORG/NAME.git/info/lfs/objects/batch: where to put each object, or nothing for those that are there. */
export async function sendBatch(state: ServerState, exchange: Exchange, id: string): Promise<void> {
  const body = await readJson(exchange);
  if (!mayWrite(state, exchange) || findRepository(state, exchange, id) === undefined) return;
  const asked = body["objects"] as { oid: string; size: number }[];
  const multipart = (body["transfers"] as string[]).includes("multipart");
  const verify = { href: `${state.hubUrl}/${id}.git/info/lfs/objects/verify` };
  const objects = asked.map(({ oid, size }) => {
    const entry = { oid, size, authenticated: true };
    if (state.objects.has(oid)) return entry;
    const upload =
      multipart && size > state.partBytes ? multipartUpload(state, id, oid, size) : basicUpload(state, oid);
    return { ...entry, actions: { upload, verify } };
  });
  const transfer = multipart ? "multipart" : "basic";
  sendJson(exchange, 200, { transfer, objects }, { "content-type": "application/vnd.git-lfs+json" });
}

function basicUpload(state: ServerState, oid: string): object {
  return { href: state.signUpload(oid, "whole") };
}

function multipartUpload(state: ServerState, id: string, oid: string, size: number): object {
  const parts = Array.from({ length: Math.ceil(size / state.partBytes) }, (_, k) => k + 1);
  const urls = parts.map(
    (part) => [String(part).padStart(5, "0"), state.signUpload(oid, String(part))] as const,
  );
  const href = `${state.hubUrl}/api/complete_multipart?oid=${oid}&repo=${encodeURIComponent(id)}`;
  return { href, header: { chunk_size: String(state.partBytes), ...Object.fromEntries(urls) } };
}

/** PUT to the content network: a whole object, or one part of it. */
export async function receiveObject(state: ServerState, exchange: Exchange): Promise<void> {
  const { url, request, response, record } = exchange;
  const [, , oid = "", part = ""] = url.pathname.split("/");
  if (request.headers["content-length"] === undefined) {
    // As S3 does with a body of unknown length.
    sendXml(exchange, 411, "MissingContentLength");
    return;
  }
  if (!state.isSigned(url)) {
    sendXml(exchange, 403, "Request has expired");
    return;
  }
  const body = await readBody(exchange);
  if (part !== "whole") state.parts.set(`${oid}/${part}`, body);
  else if (sha256(body) === oid) state.objects.set(oid, contentOf(body));
  else {
    sendXml(exchange, 400, "The hash of the body is not the object's name");
    return;
  }
  record.status = 200;
  response.writeHead(200, { etag: `"${sha256(body).slice(0, 32)}"`, "content-length": 0 }).end();
}

/** POST to the address that the batch named: the parts make the object. */
export async function completeMultipart(state: ServerState, exchange: Exchange): Promise<void> {
  const { oid, parts } = (await readJson(exchange)) as unknown as {
    oid: string;
    parts: { partNumber: number; etag: string }[];
  };
  const bytes = parts.map(({ partNumber }) => state.parts.get(`${oid}/${partNumber}`) ?? new Uint8Array());
  const tagsFit = parts.every(
    ({ etag }, k) => etag === `"${sha256(bytes[k] ?? new Uint8Array()).slice(0, 32)}"`,
  );
  const whole = Buffer.concat(bytes);
  if (!tagsFit || sha256(whole) !== oid) {
    sendError(exchange, 400, undefined, "The parts do not make the object");
    return;
  }
  state.objects.set(oid, contentOf(whole));
  sendJson(exchange, 200, {});
}

/** POST /ORG/NAME.git/info/lfs/objects/verify */
export async function verifyObject(state: ServerState, exchange: Exchange): Promise<void> {
  const { oid, size } = await readJson(exchange);
  const fits = state.objects.get(String(oid))?.size === size;
  if (fits) sendJson(exchange, 200, {});
  else sendError(exchange, 404, undefined, "Object not found");
}

type CommitLine =
  | { key: "header"; value: { summary: string; description?: string; parentCommit?: string } }
  | { key: "file"; value: { path: string; content: string; encoding?: "base64" } }
  | { key: "lfsFile"; value: { path: string; oid: string; size: number } }
  | { key: "deletedFile"; value: { path: string } };

/** POST /api/models/ORG/NAME/commit/REV, one operation a line; with ?create_pr=1 on a branch of its own. */
export async function receiveCommit(state: ServerState, exchange: Exchange, id: string, revision: string) {
  const lines = (await readBody(exchange))
    .toString()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as CommitLine);
  if (!mayWrite(state, exchange)) return;
  const repository = findRepository(state, exchange, id);
  if (repository === undefined) return;
  const parent = repository.resolve(revision);
  const header = lines.find((line) => line.key === "header")?.value;
  if (parent === undefined) {
    sendError(exchange, 404, "RevisionNotFound", `Invalid rev id: ${revision}`);
  } else if (header?.parentCommit !== undefined && header.parentCommit !== parent) {
    sendError(exchange, 412, undefined, "A commit has happened since. Please refresh and try again.");
  } else {
    const changes = changesOf(state, exchange, lines);
    if (changes === undefined) return;
    const isPullRequest = exchange.url.searchParams.has("create_pr");
    if (isPullRequest) repository.pullRequests += 1;
    const number = repository.pullRequests;
    const branch = isPullRequest ? `refs/pr/${number}` : revision;
    const oid = repository.commit(changes, branch, parent);
    const commit = {
      success: true,
      commitOid: oid,
      commitUrl: `${state.hubUrl}/${id}/commit/${oid}`,
      hookOutput: "",
    };
    const pullRequestUrl = isPullRequest
      ? { pullRequestUrl: `${state.hubUrl}/${id}/discussions/${number}` }
      : {};
    sendJson(exchange, 200, { ...commit, ...pullRequestUrl });
  }
}

function changesOf(
  state: ServerState,
  exchange: Exchange,
  lines: readonly CommitLine[],
): Map<string, StoredFile | null> | undefined {
  const changes = new Map<string, StoredFile | null>();
  for (const line of lines) {
    if (line.key === "deletedFile") changes.set(line.value.path, null);
    if (line.key === "file") {
      const { path, content, encoding } = line.value;
      changes.set(path, fileOf(path, Buffer.from(content, encoding ?? "utf8")));
    }
    if (line.key !== "lfsFile") continue;
    const { path, oid, size } = line.value;
    const object = state.objects.get(oid);
    if (object?.size !== size) {
      sendError(exchange, 400, undefined, `LFS pointer of ${path} points to an object that is not there`);
      return undefined;
    }
    changes.set(path, { content: object, lfs: true });
  }
  return changes;
}
