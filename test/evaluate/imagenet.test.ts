import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { encode as encodePng } from "fast-png";
import { evaluate } from "../../src/index.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { writeWeights } from "../fixtures/write-safetensors.ts";

/** Likes these classes of ImageNet in this order, whatever it sees. */
const LIKED = [1, 6, 0, 409, 414];

describe("An evaluation on ImageNet and its shifts", () => {
  const inFolder = useTemporaryFolder();

  before(async () => {
    const bias = new Float32Array(1000);
    LIKED.forEach((place, i) => (bias[place] = LIKED.length - i));
    await writeWeights(inFolder("model"), {
      "layers.0.weight": { dtype: "F32", shape: [1000, 3], values: new Float32Array(3000) },
      "layers.0.bias": { dtype: "F32", shape: [1000], values: bias },
    });
    await writeFile(inFolder("model", "config.json"), '{"architectures": ["MLP"]}');
    const picture = encodePng({ width: 5, height: 6, channels: 3, depth: 8, data: new Uint8Array(90) });
    const mappings = {
      "folder_to_objectnet_label.json": JSON.stringify({ alarm_clock: "Alarm clock", backpack: "Backpack" }),
      "objectnet_to_imagenet_1k.json": JSON.stringify({ "Alarm clock": "a; b", Backpack: "c" }),
      "pytorch_to_imagenet_2012_id.json": JSON.stringify({ 409: 0, 530: 1, 414: 2 }),
      imagenet_to_label_2012_v2: "a\nb\nc\n",
    };
    const files = [
      // Class 0 twice, class 1 once.
      "imagenet/val/n01440764/a.png",
      "imagenet/val/n01440764/b.png",
      "imagenet/val/n01443537/a.png",
      "imagenetv2-matched-frequency-format-val/1/a.png",
      "imagenetv2-matched-frequency-format-val/10/a.png",
      // Class 1 is in the subset of R; class 6 is in that of A, where class 1 is not.
      "imagenet-r/n01443537/a.png",
      "imagenet-a/n01498041/a.png",
      "sketch/n15075141/a.png",
      // Of the classes of ObjectNet the model likes 409 best, one of the two of a clock.
      "objectnet-1.0/images/alarm_clock/a.png",
      "objectnet-1.0/images/backpack/a.png",
    ].map((name) => [name, picture] as const);
    const texts = Object.entries(mappings).map(
      ([name, text]) => [`objectnet-1.0/mappings/${name}`, text] as const,
    );
    for (const [name, content] of [...files, ...texts]) {
      await mkdir(dirname(inFolder("data", name)), { recursive: true });
      await writeFile(inFolder("data", name), content);
    }
  });

  it("gives the accuracy on each set among its own classes, and the mean of the five shifts", async () => {
    // 5 x 6 pixels become the 1 x 1 that the model takes.
    const { splits, meanOfShifts } = await evaluate({
      model: inFolder("model"),
      on: { kind: "data", data: inFolder("data"), splits: [] },
    });
    assert.deepEqual(
      splits.map(({ split, correct, examples }) => [split, correct, examples]),
      [
        ["imagenet", 1, 3],
        ["imagenet-v2", 1, 2],
        ["imagenet-r", 1, 1],
        ["imagenet-sketch", 0, 1],
        ["objectnet", 1, 2],
        ["imagenet-a", 1, 1],
      ],
    );
    assert.equal(meanOfShifts, (0.5 + 1 + 0 + 0.5 + 1) / 5);
  });
});
