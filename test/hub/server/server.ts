import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Token } from "./access.ts";
import type { Content } from "./content.ts";
import { sendFault, sendError } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { FaultRule } from "./faults.ts";
import { fileOf, Repository } from "./repository.ts";
import { routeOf } from "./routes.ts";
import type { Route } from "./routes.ts";
import { ServerState } from "./state.ts";
import type { HubOptions } from "./state.ts";
import type { RequestRecord, Traffic } from "./traffic.ts";

/** A token that may read and write, one that may only read, and what they look like to the Hub's clients. */
export const WRITE_TOKEN = "hf_writer";
export const READ_TOKEN = "hf_reader";

/** A Hub on this machine: its own address and that of its content network, on another port. */
export interface TestHub {
  readonly url: string;
  readonly cdnUrl: string;
  readonly traffic: Traffic;
  readonly state: ServerState;
  /** Adds a repository, or a commit to one, and gives the commit's SHA; null removes a file. */
  commit(
    id: string,
    files: Readonly<Record<string, Content | Uint8Array | string | null>>,
    options?: { readonly branch?: string; readonly private?: boolean; readonly gated?: boolean },
  ): string;
  repository(id: string): Repository;
  setToken(value: string, token: Partial<Token>): void;
  misbehave(rule: FaultRule): void;
  /** Forgets faults and traffic. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts a Hub on two free ports of the loopback interface. */
export async function startHub(options: HubOptions = {}): Promise<TestHub> {
  const state = new ServerState(options);
  const hub = listener(state, "hub");
  const cdn = listener(state, "cdn");
  state.hubUrl = await listen(hub);
  state.cdnUrl = await listen(cdn);
  const setToken = (value: string, token: Partial<Token>) =>
    void state.tokens.set(value, { user: "tester", role: "read", accepted: [], ...token });
  setToken(WRITE_TOKEN, { role: "write" });
  setToken(READ_TOKEN, {});
  return {
    url: state.hubUrl,
    cdnUrl: state.cdnUrl,
    traffic: state.traffic,
    state,
    setToken,
    commit: (id, files, { branch, ...access } = {}) => {
      const repository = state.repositories.get(id) ?? new Repository(id, access);
      state.repositories.set(id, repository);
      const changes = Object.entries(files).map(([path, content]) => {
        const file = content === null ? null : fileOf(path, content);
        if (file?.lfs === true) state.objects.set(file.content.sha256, file.content);
        return [path, file] as const;
      });
      return repository.commit(
        new Map(changes),
        branch,
        repository.resolve(branch ?? "main") ?? repository.resolve("main"),
      );
    },
    repository: (id) => state.repositories.get(id) ?? new Repository(id),
    misbehave: (rule) => state.faults.add(rule),
    reset: () => {
      state.faults.clear();
      state.traffic.reset();
    },
    close: async () => {
      await Promise.all([close(hub), close(cdn)]);
    },
  };
}

function listener(state: ServerState, host: Route["host"]): Server {
  const server = createServer((request, response) => void answer(state, host, request, response));
  server.on("connection", (socket) => {
    state.traffic.opened();
    socket.on("close", () => state.traffic.closed());
    socket.on("error", () => socket.destroy());
  });
  return server;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

async function answer(
  state: ServerState,
  host: Route["host"],
  request: IncomingMessage,
  response: ServerResponse,
) {
  const url = new URL(request.url ?? "/", host === "hub" ? state.hubUrl : state.cdnUrl);
  const method = request.method ?? "GET";
  const route = routeOf(host, method, url);
  const { at, file } = route;
  const record: RequestRecord = {
    ...{ at, method, file, url: url.href, range: request.headers.range, host: url.host },
    authorized: request.headers.authorization !== undefined,
    ...{ status: 0, sentBytes: 0, receivedBytes: 0 },
  };
  state.traffic.requests.push(record);
  const exchange: Exchange = {
    request,
    response,
    url,
    record,
    fault: state.faults.next({ at, file, method }),
  };
  try {
    if (!sendFault(exchange)) await route.answer(state, exchange);
  } catch (error) {
    // A test sees this as a failed request; the sentence says that it is the server's own fault.
    if (response.headersSent || response.destroyed) response.destroy();
    else sendError(exchange, 500, undefined, `The test server failed: ${String(error)}`);
  }
}
