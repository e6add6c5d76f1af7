import * as p from "../write-pickle.ts";
import { writeZip } from "../write-zip.ts";
import { bytes, good } from "./attack.ts";
import type { Attack } from "./attack.ts";

/** A checkpoint, entry by entry. */
export const entries = p.entriesOf(good, { 0: bytes(24) });
const changed = (name: string, change: object) =>
  writeZip(entries.map((entry) => (entry.name === name ? { ...entry, ...change } : entry)));

export const ZIPS: readonly Attack[] = [
  {
    title: "a name that climbs out of the archive",
    file: writeZip([...entries, { name: "../../etc/x", bytes: bytes(1) }]),
    code: "FORMAT_ZIP",
    words: /invalid relative path/,
  },
  {
    title: "an absolute name",
    file: writeZip([...entries, { name: "/etc/x", bytes: bytes(1) }]),
    code: "FORMAT_ZIP",
  },
  {
    title: "a name with a backslash",
    file: writeZip([...entries, { name: "a\\..\\x", bytes: bytes(1) }]),
    code: "FORMAT_ZIP",
  },
  {
    title: "an entry that stands twice",
    file: writeZip([...entries, ...entries.slice(0, 1)]),
    code: "FORMAT_ZIP",
    words: /"model\/data\.pkl" twice/,
  },
  {
    title: "a compressed pickle",
    file: changed("model/data.pkl", { method: 8 }),
    code: "FORMAT_ZIP_COMPRESSED",
    words: /"model\/data\.pkl" is compressed/,
  },
  {
    title: "a compressed storage",
    file: changed("model/data/0", { method: 8 }),
    code: "FORMAT_ZIP_COMPRESSED",
    words: /"model\/data\/0" is compressed/,
  },
  { title: "an encrypted storage", file: changed("model/data/0", { flags: 1 }), code: "FORMAT_ZIP" },
  { title: "strong encryption", file: changed("model/data/0", { flags: 0x41 }), code: "FORMAT_ZIP" },
  {
    title: "a wrong checksum",
    file: changed("model/data.pkl", { crc: 1 }),
    code: "FORMAT_ZIP",
    words: /checksum/,
  },
  {
    title: "a storage beyond the end of the file",
    file: changed("model/data/0", { claimedLength: 10_000 }),
    code: "FORMAT_ZIP",
  },
  {
    title: "a storage that overlaps the next entry",
    file: changed("model/data/0", { claimedLength: 60 }),
    code: "FORMAT_ZIP",
    words: /overlaps the next entry/,
  },
  {
    title: "two entries in one place",
    file: changed("model/data/0", { claimedOffset: 0 }),
    code: "FORMAT_ZIP",
    words: /overlaps/,
  },
  {
    title: "an entry where no header is",
    file: changed("model/data/0", { claimedOffset: writeZip(entries).length - 60 }),
    code: "FORMAT_ZIP",
    words: /signature/,
  },
  {
    title: "an entry far outside the file",
    file: changed("model/data/0", { claimedOffset: 4_000_000_000 }),
    code: "FORMAT_ZIP",
    words: /byte 4000000000/,
  },
  {
    title: "an entry at byte 2^60",
    file: writeZip(
      entries.map((entry) => ({ ...entry, claimedOffset: 2 ** 60 })),
      { zip64: true },
    ),
    code: "FORMAT_ZIP",
  },
  {
    title: "a directory at byte 2^60",
    file: writeZip(entries, { zip64: true, claimedDirectoryOffset: 2 ** 60 }),
    code: "FORMAT_ZIP",
  },
  {
    title: "more entries than there are",
    file: writeZip(entries, { claimedEntryCount: 60_000 }),
    code: "FORMAT_ZIP",
  },
  {
    title: "a billion entries",
    file: writeZip(entries, { zip64: true, claimedEntryCount: 1e9 }),
    code: "FORMAT_ZIP",
    words: /1000000000 entries/,
  },
  {
    title: "a storage of 2^50 bytes",
    file: writeZip(
      entries.map((entry) => ({ ...entry, claimedLength: 2 ** 50 })),
      { zip64: true },
    ),
    code: "FORMAT_ZIP",
  },
  { title: "a zip file cut short", file: writeZip(entries).subarray(0, -30), code: "FORMAT_TRUNCATED" },
  { title: "an empty file", file: Buffer.alloc(0), code: "FORMAT_TRUNCATED" },
  {
    title: "a Git LFS pointer",
    file: Buffer.from("version https://git-lfs.github.com/spec/v1\n"),
    code: "FORMAT_HEADER_LENGTH",
    words: /LFS/,
  },
  {
    title: "a zip file of something else",
    file: writeZip([{ name: "word/document.xml", bytes: bytes(9) }]),
    code: "FORMAT_CHECKPOINT",
  },
  {
    title: "two checkpoints in one file",
    file: writeZip([...entries, { name: "other/data.pkl", bytes: good }]),
    code: "FORMAT_CHECKPOINT",
  },
  {
    title: "big-endian numbers",
    file: changed("model/byteorder", { bytes: Buffer.from("big") }),
    code: "FORMAT_CHECKPOINT",
    words: /"big"/,
  },
  {
    title: "a version of the future",
    file: changed("model/version", { bytes: Buffer.from("11\n") }),
    code: "FORMAT_CHECKPOINT",
    words: /"11"/,
  },
  { title: "a bare pickle", file: good, code: "FORMAT_CHECKPOINT", words: /bare pickle/ },
  {
    title: "a tar file",
    file: Buffer.concat([bytes(257), Buffer.from("ustar"), bytes(250)]),
    code: "FORMAT_CHECKPOINT",
    words: /before torch 1\.6/,
  },
  {
    title: "a safetensors file",
    file: Buffer.from("\x02\0\0\0\0\0\0\0{}"),
    code: "FORMAT_CHECKPOINT",
    words: /safetensors/,
  },
  { title: "a text", file: Buffer.from("hello"), code: "FORMAT_CHECKPOINT" },
];
