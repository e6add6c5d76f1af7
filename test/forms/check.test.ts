import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { conforms, faultOf } from "../../src/forms/check.ts";
import { constant, count, flag, list, map, matching, number, object, oneOf } from "../../src/forms/forms.ts";
import { optional, share, text } from "../../src/forms/forms.ts";

const FORM = object("A document.", {
  version: constant("Version.", 1),
  name: matching("A word.", /^[a-z]+$/),
  sizes: list("Sizes.", count("A size.")),
  kind: optional(oneOf("A kind.", ["a", "b"])),
  part: optional(share("A part.")),
  notes: optional(map("Notes.", text("A note."))),
  inner: optional(object("Inner.", { on: flag("On."), level: number("Level.") })),
});

const GOOD = { version: 1, name: "x", sizes: [0, 5] };
const FULL = { ...GOOD, kind: "b", part: 0.5, notes: { constructor: "n" }, inner: { on: true, level: -1.5 } };

/** Each with the place that the fault must name. */
const BAD: readonly (readonly [unknown, string])[] = [
  [null, "the document"],
  [[], "the document"],
  [{ ...GOOD, version: 2 }, "version"],
  [{ version: 1, sizes: [] }, "name is missing"],
  [{ ...GOOD, name: "X1" }, "name"],
  [{ ...GOOD, name: 3 }, "name"],
  [{ ...GOOD, sizes: [1, -1] }, "sizes[1]"],
  [{ ...GOOD, sizes: [1.5] }, "sizes[0]"],
  [{ ...GOOD, sizes: {} }, "sizes"],
  [{ ...GOOD, kind: "c" }, "kind"],
  [{ ...GOOD, part: 2 }, "part"],
  [{ ...GOOD, notes: { a: 1 } }, "notes.a"],
  [{ ...GOOD, inner: { on: 1, level: 0 } }, "inner.on"],
  [{ ...GOOD, inner: { on: true } }, "inner.level is missing"],
  [{ ...GOOD, more: 1 }, "more"],
  [JSON.parse('{"version":1,"name":"x","sizes":[],"__proto__":{}}'), "__proto__"],
];

describe("a form", () => {
  const byAjv = new Ajv({ strict: false }).compile(FORM.schema);

  it("fits what its schema fits, by another program's reading of the schema too", () => {
    for (const document of [GOOD, FULL]) {
      assert.equal(faultOf(FORM, document), undefined);
      assert.equal(conforms(FORM, document), true);
      assert.equal(byAjv(document), true, JSON.stringify(byAjv.errors));
    }
  });

  for (const [document, place] of BAD) {
    it(`names the place of what is wrong: ${JSON.stringify(document)}`, () => {
      assert.equal(byAjv(document), false);
      assert.equal(conforms(FORM, document), false);
      assert.ok(faultOf(FORM, document)?.startsWith(place), faultOf(FORM, document));
    });
  }
});
