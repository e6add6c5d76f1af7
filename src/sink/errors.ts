import { MergeError, SinkError, type ErrorCode } from "../errors.ts";

interface Mapping {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const full = (message: string, hint: string): Mapping => ({ code: "SINK_DISK_FULL", message, hint });
const unwritable = (message: string, hint: string): Mapping => ({ code: "SINK_UNWRITABLE", message, hint });

const CHOOSE_ANOTHER = "Choose another output folder, or change its permissions.";

/** What the system's error codes mean to someone who writes a merged model, and the cure. */
const BY_ERRNO: Readonly<Record<string, Mapping>> = {
  ENOSPC: full("The disk is full", "Free some space or choose an output folder on another disk."),
  EDQUOT: full("The disk quota is used up", "Free some space or choose an output folder on another disk."),
  EACCES: unwritable("Permission denied", CHOOSE_ANOTHER),
  EPERM: unwritable("The system does not permit it", CHOOSE_ANOTHER),
  EROFS: unwritable("The file system is read-only", "Choose an output folder on a writable disk."),
  EFBIG: unwritable("The file is too large for its file system", "Choose a smaller --out-shard-size."),
  ENOTDIR: unwritable("A part of the path is a file, not a folder", "Choose another output folder."),
  EEXIST: unwritable("Something that is not a folder is in the way", "Choose another output folder."),
  EISDIR: unwritable("A folder is in the way", "Remove it or choose another output folder."),
  ENAMETOOLONG: unwritable("The path is too long", "Choose a shorter output path."),
};

/**
 * The error to throw for one that was raised while writing `path`: system errors become a SinkError with a cure,
 * everything else comes back as it is.
 */
export function toSinkError(error: unknown, path: string): unknown {
  if (error instanceof MergeError || !(error instanceof Error) || !("errno" in error)) return error;
  const code = "code" in error ? String(error.code) : "";
  const mapping = Object.hasOwn(BY_ERRNO, code) ? BY_ERRNO[code] : undefined;
  if (mapping === undefined) {
    return new SinkError("SINK_UNWRITABLE", `Cannot write ${path}: ${error.message}`, {
      where: path,
      cause: error,
    });
  }
  return new SinkError(mapping.code, `${mapping.message}: cannot write ${path}`, {
    where: path,
    hint: mapping.hint,
    cause: error,
  });
}

/** Runs a step that writes `path` and maps what it throws. */
export async function writing<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw toSinkError(error, path);
  }
}
