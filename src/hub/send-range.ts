import { validateHeaderValue } from "node:http";
import type { Head } from "./http-head.ts";
import { RangeConnection } from "./range-connection.ts";
import type { RangeRequest } from "./range-connection.ts";
import { IDENTITY, send } from "./send.ts";
import type { Answer } from "./send.ts";

/** Connections that wait for another request, by their origin. */
const idle = new Map<string, RangeConnection[]>();
/** Origins that frame files in another way than by their length. */
const framedOtherwise = new Set<string>();

/**
 * Sends a GET request for bytes of a file, without following redirects; rejects like `send`. Of errors and redirects
 * whose bodies have no announced length, the body is left out.
 */
export async function sendRange(request: RangeRequest): Promise<Answer> {
  const { url } = request;
  const headers = { ...IDENTITY, ...request.headers };
  for (const [name, value] of Object.entries(headers)) validateHeaderValue(name, value);
  if (framedOtherwise.has(url.origin)) return await send(url, request);
  const { head, connection } = await ask({ ...request, headers });
  const isWhole = head.byteLength === undefined;
  if (isWhole && head.status < 300) {
    connection.drop();
    framedOtherwise.add(url.origin);
    return await send(url, request);
  }
  const answer = { url, status: head.status, headers: head.headers };
  if (!isWhole) return { ...answer, body: connection };
  connection.drop();
  return { ...answer, body: { into: () => Promise.resolve(undefined), drop: () => undefined } };
}

async function ask(request: RangeRequest): Promise<{ head: Head; connection: RangeConnection }> {
  const { origin } = request.url;
  for (;;) {
    const waiting = idle.get(origin)?.pop();
    if (waiting?.isIdle === false) continue;
    const connection = waiting ?? new RangeConnection(request.url, keep(origin));
    try {
      return { head: await connection.ask(request), connection };
    } catch (error) {
      // A server may end an idle connection at any time, also just when it is used again.
      if (waiting === undefined || !connection.isUnanswered) throw error;
    }
  }
}

function keep(origin: string): (connection: RangeConnection) => void {
  return (connection) => {
    const others = idle.get(origin) ?? [];
    idle.set(origin, others);
    others.push(connection);
  };
}
