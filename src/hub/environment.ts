import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { AccessToken } from "./token.ts";
import type { TransferLimits } from "./limits.ts";

/** The public Hub. */
const DEFAULT_ENDPOINT = "https://huggingface.co";

/** Where models come from and go to; made by `hubSettings` from the variables that Python's tools read. */
export interface HubSettings {
  /** Base URL without a slash at its end. */
  readonly endpoint: string;
  /** Folder of the cache that is shared with Python's tools. */
  readonly cacheFolder: string;
  readonly token?: AccessToken | undefined;
  /** False where links in the cache are not wanted: its files are then hard links or copies. */
  readonly symlinks?: boolean | undefined;
  /** Nothing is asked of the network: what is in the cache has to do. */
  readonly offline: boolean;
  /** Other sizes and times than the usual ones. */
  readonly limits?: Partial<TransferLimits> | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

export interface HubFlags {
  /** As HF_HUB_OFFLINE=1. */
  readonly offline?: boolean | undefined;
  /** Folder of the cache, above what the environment says. */
  readonly cacheFolder?: string | undefined;
  /** The user's home by default. */
  readonly homeDirectory?: string | undefined;
}

/**
 * Reads HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_TOKEN_PATH, HF_ENDPOINT, HF_HUB_OFFLINE and HF_HUB_DISABLE_SYMLINKS (and the older names that Python's
 * library still knows), and the file with the token if no variable holds one. Throws a UsageError for an endpoint that
 * is no URL.
 */
export async function hubSettings(environment: Environment, flags: HubFlags = {}): Promise<HubSettings> {
  const home = flags.homeDirectory ?? homedir();
  const path = (...names: string[]) => {
    const value = first(environment, names)?.value;
    return value === undefined ? undefined : resolve(value.replace(/^~(?=$|[/\\])/, home));
  };
  const cacheHome = path("XDG_CACHE_HOME") ?? join(home, ".cache");
  const hubHome = path("HF_HOME") ?? join(cacheHome, "huggingface");
  return {
    endpoint: endpointOf(environment),
    cacheFolder: flags.cacheFolder ?? path("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? join(hubHome, "hub"),
    token: await tokenOf(environment, path("HF_TOKEN_PATH") ?? join(hubHome, "token")),
    symlinks: !isOn(environment["HF_HUB_DISABLE_SYMLINKS"]),
    offline:
      flags.offline ?? ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].some((name) => isOn(environment[name])),
  };
}

/** The first of several variables that holds something. */
function first(environment: Environment, names: readonly string[]) {
  for (const name of names) {
    const value = environment[name]?.trim();
    if (value !== undefined && value !== "") return { name, value };
  }
  return undefined;
}

const isOn = (value: string | undefined) => /^(?:1|on|yes|true)$/i.test(value ?? "");

function endpointOf(environment: Environment): string {
  const given = first(environment, ["HF_ENDPOINT"])?.value ?? DEFAULT_ENDPOINT;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isPlain = url && [url.username, url.password, url.search, url.hash].every((part) => part === "");
  if (url === undefined || !/^https?:$/.test(url.protocol) || isPlain !== true) {
    throw new UsageError("USAGE", "HF_ENDPOINT is not the address of a Hub", {
      hint: `Give an address as ${DEFAULT_ENDPOINT}, without a name, a password or parameters in it.`,
    });
  }
  return url.href.replace(/\/+$/, "");
}

async function tokenOf(environment: Environment, file: string): Promise<AccessToken | undefined> {
  const given = first(environment, ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]);
  if (given !== undefined) return checkedToken(given.value, given.name);
  const text = (await readFile(file, "utf8").catch(() => "")).trim();
  return text === "" ? undefined : checkedToken(text, file);
}

/** A line break or the like in a header would start another header. */
function checkedToken(value: string, origin: string): AccessToken {
  if (/^[\x21-\x7e]+$/.test(value)) return new AccessToken(value, origin);
  throw new UsageError("USAGE", `${origin} holds something that is no access token`, {
    hint: "A token is one word of letters, digits and signs: copy it again from the Hub's settings.",
  });
}
