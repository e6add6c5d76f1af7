import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { bytesOf, contentOf } from "./content.ts";
import type { Content } from "./content.ts";
import type { Exchange } from "./exchange.ts";
import type { Fault } from "./faults.ts";

interface Range {
  readonly begin: number;
  readonly end: number;
}

/** Answers with a file or the range of it that was asked for, or misbehaves as the exchange's fault says. */
export async function sendFile(
  exchange: Exchange,
  file: Content,
  etag: string,
  { bytesPerSecond }: { bytesPerSecond: number | undefined },
): Promise<void> {
  const { request, response, record, fault } = exchange;
  const content = fault?.kind === "changed" ? contentOf(fault.bytes) : file;
  const tag = content === file ? etag : content.sha256;
  const asked = fault?.kind === "whole" ? undefined : parseRange(request.headers.range, content.size);
  if (asked === "unsatisfiable") {
    record.status = 416;
    response.writeHead(416, { "content-range": `bytes */${content.size}` }).end();
    return;
  }
  const range = shifted(asked ?? { begin: 0, end: content.size }, fault);
  const end = fault?.kind === "short" ? Math.max(range.begin, range.end - fault.missing) : range.end;
  record.status = asked === undefined ? 200 : 206;
  const headers: Record<string, string | number> = {
    "accept-ranges": "bytes",
    "content-type": "application/octet-stream",
    etag: `"${tag}"`,
    "content-length": end - range.begin,
  };
  if (asked !== undefined) headers["content-range"] = `bytes ${range.begin}-${end - 1}/${content.size}`;
  if (fault?.kind === "gzip") return sendCompressed(exchange, content, { begin: range.begin, end }, headers);
  response.writeHead(record.status, headers);
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  await sendBody(exchange, content, { begin: range.begin, end }, bytesPerSecond);
}

/** One range of the form "bytes=a-b", "bytes=a-" or "bytes=-n"; undefined if there is none. */
function parseRange(header: string | undefined, size: number): Range | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  const begin = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  return begin >= end ? "unsatisfiable" : { begin, end };
}

function shifted({ begin, end }: Range, fault: Fault | undefined): Range {
  return { begin: fault?.kind === "shifted" ? Math.min(end - 1, begin + fault.by) : begin, end };
}

async function sendCompressed(
  { response, record, request }: Exchange,
  content: Content,
  { begin, end }: Range,
  headers: Record<string, string | number>,
): Promise<void> {
  const body = gzipSync((await bytesOf(content)).subarray(begin, end));
  record.sentBytes += body.length;
  response.writeHead(record.status, {
    ...headers,
    "content-encoding": "gzip",
    "content-length": body.length,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function sendBody(
  { response, record, fault }: Exchange,
  content: Content,
  { begin, end }: Range,
  bytesPerSecond: number | undefined,
): Promise<void> {
  const stop = fault?.kind === "drop" || fault?.kind === "stall" ? begin + fault.after : Infinity;
  let at = begin;
  for await (const piece of content.read(begin, Math.min(end, stop))) {
    if (response.destroyed) return;
    const bytes = corrupted(piece, at, begin, fault);
    at += bytes.length;
    record.sentBytes += bytes.length;
    if (!response.write(bytes)) await drained(response);
    if (bytesPerSecond !== undefined) await sleep((bytes.length / bytesPerSecond) * 1000);
  }
  if (stop >= end) {
    response.end();
    return;
  }
  response.flushHeaders();
  if (fault?.kind === "stall") await once(response, "close");
  else response.socket?.destroySoon();
}

/** Until the socket takes more, or is gone. */
async function drained(response: ServerResponse): Promise<void> {
  const over = new AbortController();
  const events = ["drain", "close"].map((event) => once(response, event, over));
  await Promise.race(events.map((event) => event.catch(() => undefined)));
  over.abort();
}

/** The piece at `at` of the file, with the byte flipped that the fault names. */
function corrupted(piece: Uint8Array, at: number, begin: number, fault: Fault | undefined): Uint8Array {
  if (fault?.kind !== "corrupt") return piece;
  const index = (fault.at ?? begin) - at;
  if (index < 0 || index >= piece.length) return piece;
  const copy = Uint8Array.from(piece);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}
