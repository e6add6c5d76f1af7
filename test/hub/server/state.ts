import { createHmac, randomBytes } from "node:crypto";
import type { Hub, Token } from "./access.ts";
import type { Content } from "./content.ts";
import { Faults } from "./faults.ts";
import type { Repository } from "./repository.ts";
import { Traffic } from "./traffic.ts";

export interface HubOptions {
  /** Rows in a page of a listing; the Hub's own are 1,000. */
  readonly pageSize?: number;
  /** How long signed addresses are good for; an hour. */
  readonly urlLifetimeMs?: number;
  /** Objects larger than this are uploaded in parts of this size; 5 MiB. */
  readonly partBytes?: number;
  /** Of each connection; without a limit if left out. */
  readonly bytesPerSecond?: number;
}

/** What the server holds, and the addresses it signs. */
export class ServerState implements Hub {
  readonly repositories = new Map<string, Repository>();
  readonly renamed = new Map<string, string>();
  readonly tokens = new Map<string, Token>();
  /** LFS objects by SHA-256, and parts of those that are on their way by "SHA-256/number". */
  readonly objects = new Map<string, Content>();
  readonly parts = new Map<string, Buffer>();
  readonly faults = new Faults();
  readonly traffic = new Traffic();
  readonly pageSize: number;
  readonly partBytes: number;
  urlLifetimeMs: number;
  bytesPerSecond: number | undefined;
  hubUrl = "";
  cdnUrl = "";
  #key = randomBytes(16);

  constructor(options: HubOptions) {
    this.pageSize = options.pageSize ?? 1000;
    this.partBytes = options.partBytes ?? 5 * 2 ** 20;
    this.urlLifetimeMs = options.urlLifetimeMs ?? 3_600_000;
    this.bytesPerSecond = options.bytesPerSecond;
  }

  /** The address of an object's bytes; `file` is for the traffic's sake. */
  signUrl(oid: string, file: string): string {
    return this.#sign(`/objects/${oid}`, file);
  }

  signUpload(oid: string, part: string): string {
    return this.#sign(`/uploads/${oid}/${part}`, oid);
  }

  isSigned(url: URL): boolean {
    const expires = url.searchParams.get("Expires") ?? "0";
    return (
      Number(expires) > Date.now() &&
      url.searchParams.get("Signature") === this.#signature(url.pathname, expires)
    );
  }

  /** Every address signed so far is refused from now on. */
  expireUrls(): void {
    this.#key = randomBytes(16);
  }

  #sign(path: string, file: string): string {
    const expires = String(Date.now() + this.urlLifetimeMs);
    const query = new URLSearchParams({ Expires: expires, Signature: this.#signature(path, expires), file });
    return `${this.cdnUrl}${path}?${query.toString()}`;
  }

  #signature(path: string, expires: string): string {
    return createHmac("sha256", this.#key).update(`${path} ${expires}`).digest("hex");
  }
}
