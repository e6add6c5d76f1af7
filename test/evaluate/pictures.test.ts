import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { encode as encodePng } from "fast-png";
import { isMergeError } from "../../src/errors.ts";
import { readPicture } from "../../src/evaluate/pictures.ts";
import { PicturePreparation } from "../../src/evaluate/preparation.ts";
import { cropCentre, resize } from "../../src/evaluate/resample.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";
import { randomModel } from "./memory-model.ts";
import type { FilterName } from "../../src/evaluate/resample.ts";
import type { Picture } from "../../src/evaluate/types.ts";

const FOLDER = "test/fixtures/pictures";
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

/** What Pillow makes of the pictures in the same folder. */
const PILLOW = JSON.parse(readFileSync(`${FOLDER}/pillow.json`, "utf8")) as {
  readonly decoded: Readonly<Record<string, string>>;
  readonly grey: string;
  readonly resized: readonly {
    readonly filter: FilterName;
    readonly height: number;
    readonly width: number;
    readonly bytes: string;
  }[];
};

const inColour = ({ channels, bytes }: Picture) =>
  channels === 3
    ? bytes
    : Uint8Array.from({ length: bytes.length * 3 }, (_, i) => bytes[Math.floor(i / 3)] ?? 0);

const model = (preprocessor?: Readonly<Record<string, unknown>>) => randomModel({}, {}, preprocessor);

/** Pixel (x, y) has x in the first channel, y in the second one, 7 in the third. */
function coordinates(height: number, width: number): Picture {
  const bytes = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [pixel % width, Math.floor(pixel / width), 7][i % 3] ?? 0;
  });
  return { kind: "picture", height, width, channels: 3, bytes };
}

describe("A picture", () => {
  const inFolder = useTemporaryFolder();

  for (const [name, expected] of Object.entries(PILLOW.decoded).filter(([file]) => file.endsWith(".png"))) {
    it(`is decoded as Pillow decodes it: ${name}`, async () => {
      assert.deepEqual(inColour(await readPicture(`${FOLDER}/${name}`)), bytesOf(expected));
    });
  }

  it("is decoded from JPEG to within the rounding of another decoder", async () => {
    const got = await readPicture(`${FOLDER}/rgb.jpg`);
    const expected = bytesOf(PILLOW.decoded["rgb.jpg"] ?? "");
    assert.deepEqual([got.height, got.width, got.channels, got.bytes.length], [24, 40, 3, expected.length]);
    const off = expected.map((value, i) => Math.abs(value - (got.bytes[i] ?? 0)));
    assert.ok(Math.max(...off) <= 3, `the largest difference is ${Math.max(...off)}`);
    assert.ok(off.reduce((sum, value) => sum + value, 0) / off.length < 1);
  });

  it("is known by its content, whatever its name", async () => {
    await writeFile(inFolder("n02105855_2933.JPEG"), readFileSync(`${FOLDER}/rgb.png`));
    assert.deepEqual(
      await readPicture(inFolder("n02105855_2933.JPEG")),
      await readPicture(`${FOLDER}/rgb.png`),
    );
  });

  it("that cannot be decoded is named, and so is one of more pixels than any photograph", async () => {
    await writeFile(inFolder("text.png"), "not a picture");
    await writeFile(inFolder("cut.png"), readFileSync(`${FOLDER}/rgb.png`).subarray(0, 900));
    await writeFile(inFolder("cut.jpg"), readFileSync(`${FOLDER}/rgb.jpg`).subarray(0, 20));
    const huge = encodePng({ width: 1, height: 1, channels: 1, depth: 8, data: Uint8Array.of(0) });
    new DataView(huge.buffer, huge.byteOffset).setUint32(16, 100_000);
    new DataView(huge.buffer, huge.byteOffset).setUint32(20, 100_000);
    await writeFile(inFolder("huge.png"), huge);
    for (const name of ["text.png", "cut.png", "cut.jpg", "huge.png"]) {
      await assert.rejects(readPicture(inFolder(name)), (error) => {
        assert.ok(isMergeError(error, "EVALUATE_DATA"), `${name}: ${String(error)}`);
        assert.equal(error.where, inFolder(name));
        return true;
      });
    }
  });

  for (const { filter, height, width, bytes } of PILLOW.resized) {
    it(`is resized to ${width} x ${height} with the ${filter} filter to Pillow's very bytes`, async () => {
      const resized = resize(await readPicture(`${FOLDER}/rgb.png`), height, width, filter);
      assert.deepEqual([resized.height, resized.width], [height, width]);
      assert.deepEqual(resized.bytes, bytesOf(bytes));
    });
  }

  it("is cropped around its centre, halves rounded to even, and padded with black where it is smaller", () => {
    const topLeft = (height: number, width: number) => [
      ...cropCentre(coordinates(height, width), 4, 4).bytes.slice(0, 2),
    ];
    // (5 - 4) / 2 rounds to 0 and (7 - 4) / 2 to 2, as torchvision's CenterCrop has it.
    assert.deepEqual(
      [topLeft(5, 7), topLeft(7, 5), topLeft(4, 8)],
      [
        [2, 0],
        [0, 2],
        [2, 0],
      ],
    );
    const padded = cropCentre(coordinates(1, 6), 4, 4);
    const rows = [0, 1, 2, 3].map((y) => [...padded.bytes.slice(y * 12, y * 12 + 12)]);
    const black = Array<number>(12).fill(0);
    assert.deepEqual(rows, [black, [1, 0, 7, 2, 0, 7, 3, 0, 7, 4, 0, 7], black, black]);
  });
});

describe("The preparation of a picture", () => {
  const form = { channels: 3, size: 4, patch: 2 };

  it("normalises with the model's numbers and lays the pixels out patch by patch, channel by channel", () => {
    const preparation = new PicturePreparation(
      model({
        do_resize: false,
        do_center_crop: false,
        image_mean: [0.5, 0.25, 0],
        image_std: [0.5, 0.25, 1],
      }),
      form,
    );
    const values = preparation.patches([coordinates(4, 4)]);
    const red = (x: number) => (x / 255 - 0.5) / 0.5;
    const green = (y: number) => (y / 255 - 0.25) / 0.25;
    // The second patch: x is 2 and 3, y is 0 and 1.
    const second = [
      red(2),
      red(3),
      red(2),
      red(3),
      green(0),
      green(0),
      green(1),
      green(1),
      ...Array<number>(4).fill(7 / 255),
    ];
    assert.deepEqual([...values.slice(12, 24)], [...Float32Array.from(second)]);
  });

  it("of CLIP resizes the shorter edge, crops the centre and normalises, unless the model says otherwise", async () => {
    const picture = await readPicture(`${FOLDER}/rgb.png`);
    const defaults = {
      resize: { shortestEdge: true, filter: "bicubic" as const },
      crop: true,
      mean: [0.48145466, 0.4578275, 0.40821073],
      deviation: [0.26862954, 0.26130258, 0.27577711],
    };
    // 37 x 23 to 12 x 8: the longer edge is 12.87, rounded down.
    const { bytes } = cropCentre(resize(picture, 8, 12, "bicubic"), 8, 8);
    const expected = Float32Array.from(bytes, (value, i) => {
      const c = i % 3;
      return (value / 255 - (defaults.mean[c] ?? NaN)) / (defaults.deviation[c] ?? NaN);
    });
    // A single patch holds the whole picture, channel by channel.
    const planes = [0, 1, 2].flatMap((c) => [...expected.filter((_, i) => i % 3 === c)]);
    const pixels = { channels: 3, size: 8, patch: 8 };
    const stated = {
      do_resize: true,
      size: { shortest_edge: 8 },
      resample: 3,
      do_center_crop: true,
      crop_size: { height: 8, width: 8 },
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: defaults.mean,
      image_std: defaults.deviation,
    };
    assert.deepEqual([...new PicturePreparation(model(), pixels, defaults).patches([picture])], planes);
    assert.deepEqual([...new PicturePreparation(model(stated), pixels).patches([picture])], planes);
    assert.deepEqual(
      [
        ...new PicturePreparation(model({ ...stated, size: 8, crop_size: 8 }), pixels, defaults).patches([
          picture,
        ]),
      ],
      planes,
    );
  });

  it("makes grey of colours as Pillow does, and colours of grey", async () => {
    const picture = await readPicture(`${FOLDER}/rgb.png`);
    const raw = {
      do_resize: false,
      do_normalize: false,
      do_rescale: false,
      do_center_crop: true,
      crop_size: 23,
    };
    const grey = new PicturePreparation(model(raw), { channels: 1, size: 23, patch: 23 }).patches([picture]);
    const expected = bytesOf(PILLOW.grey);
    assert.deepEqual([...grey.slice(0, 23)], [...expected.slice(7, 30)]);
    const two: Picture = { kind: "picture", height: 1, width: 1, channels: 1, bytes: Uint8Array.of(9) };
    const small = { ...raw, do_center_crop: false };
    assert.deepEqual(
      [...new PicturePreparation(model(small), { channels: 3, size: 1, patch: 1 }).patches([two])],
      [9, 9, 9],
    );
  });

  it("says what does not fit: another size, a filter or a form that is not known", () => {
    const cases: [Readonly<Record<string, unknown>>, RegExp][] = [
      [{ do_resize: false }, /takes pictures of 4 x 4 pixels; its preparation gives 5 x 5/],
      [{ resample: 5 }, /filter 5/],
      [{ size: { longest_edge: 3 } }, /size that is no size: \{"longest_edge":3\}/],
      [{ image_mean: [0.5, 0.5] }, /has 3 channels; image_mean has 2 values/],
    ];
    for (const [preprocessor, what] of cases) {
      const run = () => new PicturePreparation(model(preprocessor), form).patches([coordinates(5, 5)]);
      assert.throws(run, (error) => isMergeError(error, "EVALUATE_MODEL") && what.test(error.message));
    }
  });
});
