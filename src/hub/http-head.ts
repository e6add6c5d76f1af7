/** The head of an answer. */
export interface Head {
  readonly status: number;
  /** By lower-case names; those that came several times are joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** Number of bytes of the body that follows; undefined if it is framed in another way than by its length. */
  readonly byteLength: number | undefined;
  /** The connection serves another request afterwards. */
  readonly isLasting: boolean;
}

/** A name is what RFC 9110 calls a token; a value has no line breaks and no zero bytes. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const BAD_IN_VALUE = /[\0\r\n]/;

/** Reads the head of an answer (RFC 9112) without the empty line at its end; undefined if it is none. */
export function parseHead(text: string): Head | undefined {
  const [first = "", ...lines] = text.split("\r\n");
  const [, minor, status] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first) ?? [];
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (!NAME.test(name) || BAD_IN_VALUE.test(value)) return undefined;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  if (status === undefined) return undefined;
  const connection = headers.get("connection")?.toLowerCase() ?? "";
  return {
    status: Number(status),
    headers: Object.fromEntries(headers),
    byteLength: lengthOf(Number(status), headers),
    isLasting: minor === "1" && !connection.includes("close"),
  };
}

function lengthOf(status: number, headers: ReadonlyMap<string, string>): number | undefined {
  if (status === 204 || status === 304) return 0;
  const length = headers.get("content-length") ?? "";
  // A length beside another framing is how requests are smuggled.
  if (headers.has("transfer-encoding") || !/^\d{1,15}$/.test(length)) return undefined;
  return Number(length);
}
