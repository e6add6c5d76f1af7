/** A file to be sent. */
export interface PushFile {
  /** POSIX, in the repository. */
  readonly name: string;
  /** Where it is; or what it holds. */
  readonly content: { readonly path: string; readonly byteLength: number } | string;
}

export interface PushTarget {
  /** "org/name" */
  readonly repository: string;
  /** Made if it is not there; "main" by default. */
  readonly branch?: string | undefined;
  /** A new repository is seen by nobody else; an old one must be private already. */
  readonly private?: boolean | undefined;
  /** The commit becomes a pull request, which the owners may take or not. */
  readonly pullRequest?: boolean | undefined;
}

export interface PushProgress {
  /** What is being done: the lock file checked, hashes for the Hub computed, bytes sent. */
  readonly phase: "verify" | "hash" | "upload";
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface SentReport {
  readonly repository: string;
  /** Where to look at it. */
  readonly url: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  readonly fileCount: number;
  readonly totalBytes: number;
  /** Of the files that go into LFS. */
  readonly largeBytes: number;
  /** Of those, what was sent; the rest was there. */
  readonly sentBytes: number;
  /** False if the repository was there already. */
  readonly created: boolean;
}
