import type { Place } from "./faults.ts";

export interface RequestRecord {
  readonly at: Place;
  readonly method: string;
  readonly url: string;
  /** Path in the repository, if the request is about a file. */
  readonly file: string | undefined;
  readonly range: string | undefined;
  /** Host and port that the client asked. */
  readonly host: string;
  readonly authorized: boolean;
  status: number;
  /** Of the answer's body, as handed to the socket. */
  sentBytes: number;
  /** Of the request's body. */
  receivedBytes: number;
}

/** What went over the wire since the last reset. */
export class Traffic {
  requests: RequestRecord[] = [];
  /** Connections open now, and the most that were open at once. */
  connections = 0;
  mostConnections = 0;

  reset(): void {
    this.requests = [];
    this.mostConnections = this.connections;
  }

  opened(): void {
    this.connections += 1;
    this.mostConnections = Math.max(this.mostConnections, this.connections);
  }

  closed(): void {
    this.connections -= 1;
  }

  /** Bytes of bodies sent for one file, or for everything. */
  sentBytes(file?: string): number {
    return this.#sum("sentBytes", file);
  }

  /** Bytes of bodies received for one file, or for everything. */
  receivedBytes(file?: string): number {
    return this.#sum("receivedBytes", file);
  }

  count(at: Place, file?: string): number {
    return this.requests.filter(
      (request) => request.at === at && (file === undefined || request.file === file),
    ).length;
  }

  /** Hosts, each with its port, that were given an Authorization header. */
  get authorizedHosts(): ReadonlySet<string> {
    return new Set(this.requests.filter(({ authorized }) => authorized).map(({ host }) => host));
  }

  #sum(field: "sentBytes" | "receivedBytes", file: string | undefined): number {
    return this.requests
      .filter((request) => file === undefined || request.file === file)
      .reduce((sum, request) => sum + request[field], 0);
  }
}
