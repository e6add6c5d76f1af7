import { join } from "node:path";
import { EvaluateError } from "../errors.ts";
import { MAX_CONFIG_BYTES, parseConfig } from "../sources/config.ts";
import { readText } from "../sources/file.ts";
import { openFolderSplit } from "./image-folder.ts";
import { crop } from "./resample.ts";
import type { FolderClasses } from "./image-folder.ts";
import type { Picture, Split } from "./types.ts";

/** The red frame around every picture of ObjectNet, with the pixel of blur beside it. */
const FRAME_PIXELS = 2;

/**
 * ObjectNet (Barbu et al., NeurIPS 2019): 113 of its 313 classes are ImageNet's, some of them several of ImageNet's, of
 * which each is a right answer. The mapping is read from the set's own `mappings` folder.
 */
export async function openObjectNet(name: string, folder: string): Promise<Split> {
  const classes = await readMapping(join(folder, "mappings"));
  return await openFolderSplit({
    name,
    role: "shift",
    folder: join(folder, "images"),
    classes,
    adjust: withoutFrame,
  });
}

function withoutFrame(picture: Picture): Picture {
  const { height, width } = picture;
  const box = {
    top: FRAME_PIXELS,
    left: FRAME_PIXELS,
    height: Math.max(1, height - 2 * FRAME_PIXELS),
    width: Math.max(1, width - 2 * FRAME_PIXELS),
  };
  return { ...picture, ...box, bytes: crop(picture, box).bytes };
}

async function readMapping(folder: string): Promise<FolderClasses> {
  const read = async (file: string) => await readText(join(folder, file), MAX_CONFIG_BYTES);
  const readMap = async (file: string) => parseConfig(await read(file), join(folder, file));
  const labelOfFolder = await readMap("folder_to_objectnet_label.json");
  const imagenetOf = await readMap("objectnet_to_imagenet_1k.json");
  // From torchvision's place of a class to its line in the list of names.
  const lineOf = await readMap("pytorch_to_imagenet_2012_id.json");
  const placeOfLine = new Map(Object.entries(lineOf).map(([place, line]) => [Number(line), Number(place)]));
  const lines = (await read("imagenet_to_label_2012_v2")).split("\n");
  const placeOfName = new Map(lines.map((text, line) => [text.trim(), placeOfLine.get(line)]));
  const labels = new Map<string, readonly number[]>();
  for (const [objectFolder, label] of Object.entries(labelOfFolder)) {
    const names =
      typeof label === "string" && Object.hasOwn(imagenetOf, label) ? imagenetOf[label] : undefined;
    if (typeof names !== "string") continue; // No class of ImageNet's: not evaluated.
    const places = names.split("; ").map((name) => {
      const place = placeOfName.get(name);
      if (place === undefined) throw unknownName(folder, name);
      return place;
    });
    labels.set(objectFolder, places);
  }
  const allowed = [...new Set([...labels.values()].flat())].sort((a, b) => a - b);
  return { labels, ignoreOthers: true, allowed };
}

function unknownName(folder: string, name: string): EvaluateError {
  const message = `${folder}: objectnet_to_imagenet_1k.json names ${JSON.stringify(name)}, which imagenet_to_label_2012_v2 lacks`;
  return new EvaluateError("EVALUATE_DATA", message, {
    where: folder,
    hint: "Unpack objectnet-1.0.zip again: its mappings belong together.",
  });
}
