import assert from "node:assert/strict";
import fc from "fast-check";
import { resolvePlainScalar, resolveTaggedScalar } from "../../src/recipe/scalars.ts";
import type { ScalarValue } from "../../src/recipe/scalars.ts";

/** What PyYAML 6.0.3 makes of `yaml.safe_load("a: " + text)["a"]`, made by running it. */
const PYYAML: readonly (readonly [ScalarValue, readonly string[]])[] = [
  [null, ["", "~", "null", "Null", "NULL"]],
  [true, ["yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"]],
  [false, ["no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"]],
  [0, ["0", "-0", "00", "0.", "+0"]],
  [1, ["1", "+1", "1_", "0x_1"]],
  [5, ["5", "5.", "0b101", "0_5"]],
  [8, ["010", "+010"]],
  [-8, ["-010"]],
  [-12, ["-12"]],
  [-16, ["-0x10"]],
  [31, ["0x1F", "0x1f"]],
  [127, ["017_7"]],
  [1000, ["1_000", "1000"]],
  [12345678901, ["12345678901"]],
  [65, ["1:5"]],
  [90, ["1:30"]],
  [-90, ["-1:30"]],
  [630, ["1_0:30"]],
  [5415, ["1:30:15"]],
  [685230, ["190:20:30"]],
  [90.5, ["1:30.5"]],
  [3723.25, ["1:2:3.25"]],
  [0.1, ["0.1", "+0.1"]],
  [-0.1, ["-0.1"]],
  [0.5, [".5", "00.5", "0.5"]],
  [-5, ["-5."]],
  [10.5, ["1_0.5"]],
  [1000.5, ["1_000.5"]],
  [1e-5, ["1.0e-5", "1.e-5"]],
  [1e5, ["1.e+5", "1.0e+5"]],
  [5000, ["5.0e+3", "5.0E+3"]],
  [0.0012, ["1.2E-03"]],
  [Infinity, [".inf", "+.inf", ".Inf", ".INF"]],
  [-Infinity, ["-.inf"]],
  [NaN, [".nan", ".NaN", ".NAN"]],
];

const PYYAML_TEXT = [
  ...[
    "nUll",
    "yEs",
    "oFF",
    "tRUE",
    "y",
    "n",
    "Y",
    "N",
    "12e3",
    "1e5",
    "1e-5",
    "1E-5",
    "1.0e5",
    "-.5",
    "+.5",
    "_1",
  ],
  ...[
    "08",
    "0o17",
    "0X1F",
    "0b102",
    "1:60",
    "01:30",
    "0:30",
    ".iNF",
    "-.nan",
    "inf",
    "nan",
    "1.5.2",
    "1,000",
    "1.2e",
  ],
  ...["1e", "e5", ".", "..", "0x", "0b", "0.5.", "bfloat16", "self_attn", "true-ish"],
];

describe("A YAML 1.1 scalar", () => {
  it("has the value that PyYAML gives it", () => {
    for (const [value, texts] of PYYAML) {
      for (const written of texts) {
        const got = resolvePlainScalar(written);
        assert.ok(got === value || (Number.isNaN(got) && Number.isNaN(value)), `${written}: ${String(got)}`);
      }
    }
  });

  it("is text where PyYAML leaves it text", () => {
    for (const written of PYYAML_TEXT) assert.equal(resolvePlainScalar(written), written);
  });

  it("gives back every number that is written with a dot", () => {
    const numbers = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 });
    fc.assert(
      fc.property(numbers, (x) => {
        const [mantissa = "", exponent] = x.toExponential().split("e");
        const dotted = mantissa.includes(".") ? mantissa : `${mantissa}.0`;
        assert.equal(resolvePlainScalar(`${dotted}e${exponent ?? "+0"}`), x === 0 ? 0 : x);
      }),
    );
  });

  it("gives back every whole number in decimal, octal, hexadecimal and sexagesimal", () => {
    fc.assert(
      fc.property(fc.nat(), (n) => {
        assert.equal(resolvePlainScalar(String(n)), n);
        assert.equal(resolvePlainScalar(`0${n.toString(8)}`), n);
        assert.equal(resolvePlainScalar(`0x${n.toString(16)}`), n);
        if (n >= 60) assert.equal(resolvePlainScalar(`${Math.floor(n / 60)}:${n % 60}`), n);
      }),
    );
  });

  it("follows an explicit tag, and has no value if the tag does not fit", () => {
    const tag = (name: string) => `tag:yaml.org,2002:${name}`;
    assert.equal(resolveTaggedScalar(tag("str"), "1"), "1");
    assert.equal(resolveTaggedScalar("!", "1"), "1");
    assert.equal(resolveTaggedScalar(tag("float"), "3"), 3);
    assert.equal(resolveTaggedScalar(tag("float"), "1e-5"), 1e-5);
    assert.equal(resolveTaggedScalar(tag("int"), "010"), 8);
    assert.equal(resolveTaggedScalar(tag("bool"), "no"), false);
    assert.equal(resolveTaggedScalar(tag("null"), "x"), null);
    for (const [name, written] of [
      ["int", "1.5"],
      ["float", "x"],
      ["float", ""],
      ["bool", "1"],
      ["binary", "aGk="],
    ]) {
      assert.equal(resolveTaggedScalar(tag(name ?? ""), written ?? ""), undefined, name);
    }
  });
});
