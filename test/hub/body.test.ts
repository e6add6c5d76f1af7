import assert from "node:assert/strict";
import { copyInto } from "../../src/hub/body.ts";

describe("Bytes that are handed to a sink in several pieces", () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, i) => i);

  it("come in their order", () => {
    const space = new Uint8Array(4);
    const taken: number[] = [];
    const came = (length: number) => void taken.push(...space.subarray(0, length));
    assert.equal(copyInto({ space: () => space, came }, bytes), undefined);
    assert.deepEqual(taken, [...bytes]);
  });

  it("pass on a failure of any piece, and leave no other unmet", async () => {
    const space = new Uint8Array(4);
    let count = 0;
    const failing = (when: (piece: number) => boolean) => () =>
      when(count++) ? Promise.reject(new Error("full")) : Promise.resolve();
    for (const when of [() => true, (piece: number) => piece === 0]) {
      count = 0;
      await assert.rejects(Promise.resolve(copyInto({ space: () => space, came: failing(when) }, bytes)), {
        message: "full",
      });
      assert.equal(count, 3);
    }
  });
});
