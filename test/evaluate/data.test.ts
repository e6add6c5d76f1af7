import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { encode as encodeJpeg } from "jpeg-js";
import { encode as encodePng } from "fast-png";
import { isMergeError } from "../../src/errors.ts";
import { openData } from "../../src/evaluate/data.ts";
import { IMAGENET_A_WNIDS, IMAGENET_R_WNIDS, IMAGENET_WNIDS } from "../../src/evaluate/wnids.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeSafetensors } from "../fixtures/write-safetensors.ts";
import type { Example, ModelInput, Split } from "../../src/evaluate/types.ts";

async function examplesOf(split: Split | undefined): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const example of split?.read() ?? []) examples.push(example);
  return examples;
}

const labelsOf = async (split: Split | undefined) => (await examplesOf(split)).map(({ labels }) => labels);
const shown = (splits: readonly Split[]) => splits.map(({ name, role, examples }) => [name, role, examples]);

/** A PNG of one colour, [height, width] pixels. */
function png(value: number, height = 1, width = 1): Uint8Array {
  return encodePng({
    height,
    width,
    channels: 3,
    depth: 8,
    data: new Uint8Array(height * width * 3).fill(value),
  });
}

async function write(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

const refused =
  (what: RegExp, hint = /./) =>
  (error: unknown) => {
    assert.ok(isMergeError(error, "EVALUATE_DATA"), String(error));
    assert.match(error.message, what);
    assert.match(error.hint ?? "", hint);
    return true;
  };

describe("Data in safetensors", () => {
  const inFolder = useTemporaryFolder();
  const labels = (...values: number[]) => ({ dtype: "I64" as const, shape: [values.length], values });
  const write = async (folder: string, name: string, tensors: Parameters<typeof writeSafetensors>[1]) => {
    await mkdir(inFolder(folder), { recursive: true });
    await writeSafetensors(inFolder(folder, `${name}.safetensors`), tensors);
  };

  it("are splits by the names of their files, the training set only where it is named", async () => {
    const images = { dtype: "U8" as const, shape: [2, 1, 2], values: [1, 2, 3, 4] };
    for (const name of ["train", "test", "val", "shift-fog", "shifted"])
      await write("names", name, { images, labels: labels(1, 0) });
    const all = await openData(inFolder("names"));
    assert.deepEqual(shown(all), [
      ["shift-fog", "shift", 2],
      ["shifted", "in-distribution", 2],
      ["test", "in-distribution", 2],
      ["val", "held-out", 2],
    ]);
    assert.deepEqual(shown(await openData(inFolder("names"), ["val", "train"])), [
      ["val", "held-out", 2],
      ["train", "in-distribution", 2],
    ]);
    await assert.rejects(
      openData(inFolder("names"), ["shift-fo"]),
      refused(/no split "shift-fo"/, /"shift-fog"/),
    );
  });

  it("give pictures grey or in colours, tokens, and features, each with its label", async () => {
    const inputs = async (name: string): Promise<ModelInput[]> => {
      const [split] = await openData(inFolder("kinds"), [name]);
      return (await examplesOf(split)).map(({ input }) => input);
    };
    await write("kinds", "grey", {
      images: { dtype: "U8", shape: [2, 1, 2], values: [1, 2, 3, 4] },
      labels: labels(7, 300),
    });
    await write("kinds", "colour", {
      labels: labels(0),
      images: { dtype: "U8", shape: [1, 1, 1, 3], values: [1, 2, 3] },
    });
    await write("kinds", "tokens", {
      input_ids: { dtype: "I64", shape: [2, 2], values: [5, 6, 7, 8] },
      attention_mask: { dtype: "U8", shape: [2, 2], values: [1, 1, 1, 0] },
      labels: labels(0, 1),
    });
    await write("kinds", "features", {
      features: { dtype: "F16", shape: [2, 2], values: [0.5, 1, 2, -4] },
      labels: labels(0, 1),
    });
    const picture = { kind: "picture", height: 1, width: 2, channels: 1 };
    assert.deepEqual(await inputs("grey"), [
      { ...picture, bytes: Uint8Array.of(1, 2) },
      { ...picture, bytes: Uint8Array.of(3, 4) },
    ]);
    assert.deepEqual(await inputs("colour"), [
      { kind: "picture", height: 1, width: 1, channels: 3, bytes: Uint8Array.of(1, 2, 3) },
    ]);
    const types = new Int32Array(2);
    assert.deepEqual(await inputs("tokens"), [
      { kind: "tokens", ids: Int32Array.of(5, 6), mask: Int32Array.of(1, 1), types },
      { kind: "tokens", ids: Int32Array.of(7, 8), mask: Int32Array.of(1, 0), types },
    ]);
    assert.deepEqual(await inputs("features"), [
      { kind: "features", values: Float32Array.of(0.5, 1) },
      { kind: "features", values: Float32Array.of(2, -4) },
    ]);
    const [grey] = await openData(inFolder("kinds"), ["grey"]);
    assert.deepEqual(await labelsOf(grey), [[7], [300]]);
  });

  it("are read in pieces, in the order of the file", async () => {
    const values = Array.from({ length: 600 }, (_, i) => i);
    await write("long", "set", {
      features: { dtype: "F32", shape: [600, 1], values },
      labels: labels(...values),
    });
    const [split] = await openData(inFolder("long"));
    const examples = await examplesOf(split);
    assert.deepEqual(
      examples.map(({ input }) => (input.kind === "features" ? input.values[0] : NaN)),
      values,
    );
    assert.deepEqual(
      examples.map(({ labels: [label] }) => label),
      values,
    );
  });

  it("are refused where they do not hold what they should", async () => {
    const images = { dtype: "U8" as const, shape: [2, 1, 2], values: [1, 2, 3, 4] };
    await write("bad", "unlabelled", { images });
    await write("bad", "uneven", { images, labels: labels(1) });
    await write("bad", "empty", { labels: labels(1) });
    await write("bad", "floats", { images: { ...images, dtype: "F32" }, labels: labels(1, 2) });
    await write("bad", "wide", {
      input_ids: { dtype: "I64", shape: [1, 2], values: [1, 2] },
      attention_mask: { dtype: "I64", shape: [1, 1], values: [1] },
      labels: labels(1),
    });
    for (const [name, what] of [
      ["unlabelled", /has no labels/],
      ["uneven", /has 2 images for 1 labels/],
      ["empty", /neither images nor input_ids nor features/],
      ["floats", /images that are not U8/],
      ["wide", /attention_mask in another shape/],
    ] as const) {
      await assert.rejects(openData(inFolder("bad"), [name]), refused(what));
    }
    await assert.rejects(openData(inFolder("nowhere")), refused(/is not a folder/));
  });
});

describe("Data in folders of pictures", () => {
  const inFolder = useTemporaryFolder();

  it("are one split, or several in which a class has the same number", async () => {
    await write(inFolder("sets"), {
      "test/cat/b.png": png(1),
      "test/cat/a.jpg": encodeJpeg({ width: 8, height: 8, data: new Uint8Array(256).fill(90) }, 95).data,
      "test/dog/a.PNG": png(2),
      "test/eel/a.png": png(3),
      "test/eel/notes.txt": "not a picture",
      "shift-night/eel/a.png": png(4),
      "shift-night/cat/a.png": png(5),
    });
    const splits = await openData(inFolder("sets"));
    assert.deepEqual(shown(splits), [
      ["shift-night", "shift", 2],
      ["test", "in-distribution", 4],
    ]);
    assert.deepEqual(await labelsOf(splits[0]), [[0], [2]]);
    assert.deepEqual(await labelsOf(splits[1]), [[0], [0], [1], [2]]);
    assert.deepEqual([splits[0]?.classes, splits[1]?.classes], [[0, 2], undefined]);
    const [single] = await openData(inFolder("sets", "test"));
    assert.deepEqual([single?.name, single?.examples], ["test", 4]);
  });

  it("are refused with formats that are not read, or without any picture", async () => {
    await write(inFolder("foreign"), { "test/cat/a.png": png(1), "test/cat/b.webp": "" });
    await assert.rejects(
      openData(inFolder("foreign")),
      refused(/b\.webp is a picture in a format that is not read/),
    );
    await write(inFolder("none"), { "test/cat/a.txt": "" });
    await assert.rejects(openData(inFolder("none")), refused(/no class folders with JPEG or PNG/));
    await write(inFolder("bare"), { "a.txt": "" });
    await assert.rejects(openData(inFolder("bare")), refused(/holds no data/));
  });
});

describe("ImageNet and its shifts", () => {
  const inFolder = useTemporaryFolder();
  // Places 0, 1, 999 of ImageNet; goldfish (1) is a class of ImageNet-R, stingray (6) one of ImageNet-A.
  const [tench, goldfish, last] = ["n01440764", "n01443537", "n15075141"];
  const stingray = "n01498041";

  before(async () => {
    await write(inFolder("data"), {
      [`imagenet/val/${tench}/ILSVRC2012_val_00000293.png`]: png(1),
      [`imagenet/val/${last}/a.png`]: png(1),
      "imagenetv2-matched-frequency-format-val/0/a.png": png(1),
      "imagenetv2-matched-frequency-format-val/10/a.png": png(1),
      "imagenetv2-matched-frequency-format-val/9/a.png": png(1),
      [`imagenet-r/${goldfish}/a.png`]: png(1),
      "imagenet-r/README.txt": "",
      [`sketch/${last}/a.png`]: png(1),
      [`imagenet-a/${stingray}/a.png`]: png(1),
      "objectnet-1.0/images/air_freshener/a.png": png(1),
      "objectnet-1.0/images/alarm_clock/a.png": png(9, 6, 5),
      "objectnet-1.0/images/backpack/a.png": png(1),
      "objectnet-1.0/mappings/folder_to_objectnet_label.json": JSON.stringify({
        air_freshener: "Air freshener",
        alarm_clock: "Alarm clock",
        backpack: "Backpack",
      }),
      "objectnet-1.0/mappings/objectnet_to_imagenet_1k.json": JSON.stringify({
        "Alarm clock": "analog clock; digital clock",
        Backpack: "backpack, back pack, knapsack",
      }),
      // The list of names starts with another class than torchvision's.
      "objectnet-1.0/mappings/imagenet_to_label_2012_v2":
        "digital clock\nanalog clock\nbackpack, back pack, knapsack\n",
      "objectnet-1.0/mappings/pytorch_to_imagenet_2012_id.json": JSON.stringify({ 409: 1, 414: 2, 530: 0 }),
      "notes/readme.txt": "",
    });
  });

  it("are found under the names that they unpack to, the five shifts among them", async () => {
    assert.deepEqual(shown(await openData(inFolder("data"))), [
      ["imagenet", "in-distribution", 2],
      ["imagenet-v2", "shift", 3],
      ["imagenet-r", "shift", 1],
      ["imagenet-sketch", "shift", 1],
      ["objectnet", "shift", 2],
      ["imagenet-a", "shift", 1],
    ]);
  });

  it("label their folders by WordNet id or number", async () => {
    const [imagenet, v2, r, sketch, , a] = await openData(inFolder("data"));
    assert.deepEqual(await labelsOf(imagenet), [[0], [999]]);
    assert.deepEqual(await labelsOf(v2), [[0], [10], [9]]);
    assert.deepEqual(await labelsOf(sketch), [[999]]);
    assert.deepEqual(await labelsOf(r), [[1]]);
    assert.deepEqual(await labelsOf(a), [[6]]);
  });

  it("restrict the predictions on R and A to their 200 classes", async () => {
    const [imagenet, v2, r, sketch, , a] = await openData(inFolder("data"));
    for (const whole of [imagenet, v2, sketch]) assert.equal(whole?.classes, undefined);
    assert.deepEqual([r?.classes?.length, a?.classes?.length], [200, 200]);
    assert.ok(r?.classes?.includes(1) === true && !r.classes.includes(0));
    assert.ok(a?.classes?.includes(6) === true && !a.classes.includes(1));
  });

  it("know 1000 classes in the order of their ids, and subsets of them", () => {
    assert.equal(new Set(IMAGENET_WNIDS).size, 1000);
    assert.deepEqual([...IMAGENET_WNIDS].sort(), IMAGENET_WNIDS);
    for (const subset of [IMAGENET_R_WNIDS, IMAGENET_A_WNIDS]) {
      assert.equal(new Set(subset).size, 200);
      assert.ok(subset.every((wnid) => IMAGENET_WNIDS.includes(wnid)));
    }
  });

  it("take every class that ObjectNet's mapping allows as right, and cut off its red frame", async () => {
    const [objectnet] = await openData(inFolder("data"), ["objectnet"]);
    assert.deepEqual(objectnet?.classes, [409, 414, 530]);
    const [clock, backpack] = await examplesOf(objectnet);
    assert.deepEqual(
      [clock?.labels, backpack?.labels].map((labels) => [...(labels ?? [])].sort()),
      [[409, 530], [414]],
    );
    const { input } = clock ?? {};
    assert.deepEqual(input?.kind === "picture" && [input.height, input.width, input.bytes.length], [2, 1, 6]);
  });

  it("say where a set would lie that is asked for and not there", async () => {
    await assert.rejects(
      openData(inFolder("data"), ["imagenet-minival"]),
      refused(/has no imagenet-minival; it would lie in imagenet-minival/, /docs\/evaluate\.md/),
    );
    await write(inFolder("stray"), {
      [`imagenet-r/${goldfish}/a.png`]: png(1),
      [`imagenet-r/${tench}/a.png`]: png(1),
    });
    await assert.rejects(
      openData(inFolder("stray")),
      refused(/holds the folder n01440764, which is none of the classes/),
    );
  });
});
