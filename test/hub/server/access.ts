import { sendError } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { Repository } from "./repository.ts";

export interface Token {
  readonly user: string;
  readonly role: "read" | "write";
  /** Gated repositories whose terms the user accepted. */
  readonly accepted: readonly string[];
}

export interface Hub {
  readonly repositories: Map<string, Repository>;
  /** Old names of repositories, each with the new one. */
  readonly renamed: Map<string, string>;
  readonly tokens: Map<string, Token>;
}

/** The sender's token; "invalid" if there is one that the Hub does not know. */
export function tokenOf(hub: Hub, { request }: Exchange): Token | "invalid" | undefined {
  const [, value] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? [];
  return value === undefined ? undefined : (hub.tokens.get(value) ?? "invalid");
}

/** The repository, if the sender may know of it; otherwise the answer has been given. */
export function findRepository(hub: Hub, exchange: Exchange, id: string): Repository | undefined {
  const token = tokenOf(hub, exchange);
  if (token === "invalid") {
    sendError(exchange, 401, undefined, "Invalid credentials in Authorization header");
    return undefined;
  }
  const renamed = hub.renamed.get(id);
  if (renamed !== undefined) {
    exchange.record.status = 307;
    const location = exchange.url.pathname.replace(id, renamed) + exchange.url.search;
    exchange.response.writeHead(307, { location }).end();
    return undefined;
  }
  const repository = hub.repositories.get(id);
  if (repository !== undefined && !(repository.private && token === undefined)) return repository;
  // Strangers are not told whether a private repository exists.
  if (token === undefined) sendError(exchange, 401, "RepoNotFound", "Invalid username or password.");
  else sendError(exchange, 404, "RepoNotFound", "Repository not found");
  return undefined;
}

/** True if the sender may download from the repository; otherwise the answer has been given. */
export function mayDownload(hub: Hub, exchange: Exchange, repository: Repository): boolean {
  if (!repository.gated) return true;
  const token = tokenOf(hub, exchange);
  if (token !== "invalid" && token?.accepted.includes(repository.id) === true) return true;
  const who =
    token === undefined
      ? "You must have access to it and be authenticated to access it."
      : "Visit it to ask for access.";
  const message = `Access to model ${repository.id} is restricted. ${who}`;
  sendError(exchange, token === undefined ? 401 : 403, "GatedRepo", message);
  return false;
}

/** True if the sender may write; otherwise the answer has been given. */
export function mayWrite(hub: Hub, exchange: Exchange): boolean {
  const token = tokenOf(hub, exchange);
  if (token === undefined) sendError(exchange, 401, undefined, "Invalid username or password.");
  else if (token === "invalid")
    sendError(exchange, 401, undefined, "Invalid credentials in Authorization header");
  else if (token.role === "write") return true;
  else sendError(exchange, 403, undefined, "You don't have the rights to write: this token can only read.");
  return false;
}
