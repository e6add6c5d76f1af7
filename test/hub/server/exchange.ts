import type { IncomingMessage, ServerResponse } from "node:http";
import type { Fault } from "./faults.ts";
import type { RequestRecord } from "./traffic.ts";

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly record: RequestRecord;
  readonly fault: Fault | undefined;
}

export function sendJson(
  exchange: Exchange,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
) {
  const body = Buffer.from(JSON.stringify(value));
  exchange.record.status = status;
  exchange.record.sentBytes += exchange.request.method === "HEAD" ? 0 : body.length;
  exchange.response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
    ...headers,
  });
  exchange.response.end(exchange.request.method === "HEAD" ? undefined : body);
}

/** An error as the Hub words it: a code and a message in headers, the message in the body too. */
export function sendError(exchange: Exchange, status: number, code: string | undefined, message: string) {
  sendJson(
    exchange,
    status,
    { error: message },
    { ...(code === undefined ? {} : { "x-error-code": code }), "x-error-message": message },
  );
}

export async function readBody(exchange: Exchange): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of exchange.request) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  exchange.record.receivedBytes += body.length;
  return body;
}

/** Answers with a fault that does not need to know what was asked for; false if the fault is of another kind. */
export function sendFault(exchange: Exchange): boolean {
  const { fault, response } = exchange;
  if (fault?.kind === "status") {
    if (fault.retryAfter !== undefined) response.setHeader("retry-after", fault.retryAfter);
    sendError(exchange, fault.status, fault.code, `The server was told to answer ${fault.status}`);
    return true;
  }
  if (fault?.kind === "huge HTTP header") response.setHeader("x-huge", "x".repeat(fault.bytes));
  return false;
}
