import { join } from "node:path";
import { EvaluateError } from "../errors.ts";
import { openObjectNet } from "./objectnet.ts";
import { openFolderSplit, subfolders } from "./image-folder.ts";
import { IMAGENET_A_WNIDS, IMAGENET_R_WNIDS, IMAGENET_WNIDS } from "./wnids.ts";
import type { FolderClasses } from "./image-folder.ts";
import type { Split } from "./types.ts";

/** ImageNet or one of its shifts: under which names its folder is known, and how it is opened. */
interface KnownSet {
  readonly name: string;
  /** Below the data folder, as the sets unpack and as the Model Soups repository lays them out. */
  readonly folders: readonly string[];
  /** What its sub-folders are called: another set may have a folder of the same name. */
  readonly subfolders: RegExp;
  readonly open: (name: string, folder: string) => Promise<Split>;
}

const PLACES = new Map(IMAGENET_WNIDS.map((wnid, place) => [wnid, place]));

/** Folders named by WordNet ids; with a subset, a prediction is one of it. */
function byWnid(subset?: readonly string[]): FolderClasses {
  const wnids = subset ?? IMAGENET_WNIDS;
  const places = wnids.map((wnid) => PLACES.get(wnid) ?? 0);
  return {
    labels: new Map(wnids.map((wnid, i) => [wnid, [places[i] ?? 0]])),
    ...(subset === undefined ? {} : { allowed: places }),
  };
}

/** Folders named by the place of the class, as ImageNet-V2 has them. */
const byNumber: FolderClasses = {
  labels: new Map(IMAGENET_WNIDS.map((_, place) => [String(place), [place]])),
};

const WNID = /^n\d{8}$/;

const folderSet =
  (role: Split["role"], classes: FolderClasses): KnownSet["open"] =>
  async (name, folder) =>
    await openFolderSplit({ name, role, folder, classes });

export const IMAGENET_SETS: readonly KnownSet[] = [
  {
    name: "imagenet",
    folders: ["imagenet/val_in_folder", "imagenet/val", "ILSVRC2012/val", "val"],
    subfolders: WNID,
    open: folderSet("in-distribution", byWnid()),
  },
  {
    name: "imagenet-minival",
    folders: ["imagenet-minival"],
    subfolders: WNID,
    open: folderSet("held-out", byWnid()),
  },
  {
    name: "imagenet-v2",
    folders: ["imagenetv2-matched-frequency-format-val", "imagenetv2-matched-frequency", "imagenet-v2"],
    subfolders: /^\d{1,3}$/,
    open: folderSet("shift", byNumber),
  },
  {
    name: "imagenet-r",
    folders: ["imagenet-r"],
    subfolders: WNID,
    open: folderSet("shift", byWnid(IMAGENET_R_WNIDS)),
  },
  {
    name: "imagenet-sketch",
    folders: ["sketch", "imagenet-sketch"],
    subfolders: WNID,
    open: folderSet("shift", byWnid()),
  },
  { name: "objectnet", folders: ["objectnet-1.0", "objectnet"], subfolders: /^images$/, open: openObjectNet },
  {
    name: "imagenet-a",
    folders: ["imagenet-a"],
    subfolders: WNID,
    open: folderSet("shift", byWnid(IMAGENET_A_WNIDS)),
  },
];

/** The set's folder below a data folder, if it is there. */
export async function findSet(
  { folders, subfolders: names }: KnownSet,
  data: string,
): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(data, folder);
    if ((await subfolders(path)).some((name) => names.test(name))) return path;
  }
  return undefined;
}

/** For an error about a set that was asked for and is not there. */
export function absentSet({ name, folders }: KnownSet, data: string): EvaluateError {
  return new EvaluateError(
    "EVALUATE_DATA",
    `${data} has no ${name}; it would lie in ${folders.join(" or ")}`,
    {
      where: data,
      hint: "docs/evaluate.md says where to get it.",
    },
  );
}
