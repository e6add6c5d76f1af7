import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import { hubSettings } from "../../src/hub/environment.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

describe("The Hub's settings", () => {
  const inFolder = useTemporaryFolder();

  const cacheOf = async (environment: Record<string, string>) =>
    (await hubSettings(environment, { homeDirectory: "/home/ada" })).cacheFolder;

  it("finds the cache where Python's library has it", async () => {
    assert.equal(await cacheOf({}), "/home/ada/.cache/huggingface/hub");
    assert.equal(await cacheOf({ XDG_CACHE_HOME: "/x" }), "/x/huggingface/hub");
    assert.equal(await cacheOf({ HF_HOME: "~/hf", XDG_CACHE_HOME: "/x" }), "/home/ada/hf/hub");
    assert.equal(await cacheOf({ HUGGINGFACE_HUB_CACHE: "/old", HF_HOME: "/hf" }), "/old");
    assert.equal(await cacheOf({ HF_HUB_CACHE: "/new", HUGGINGFACE_HUB_CACHE: "/old" }), "/new");
  });

  it("takes the token from HF_TOKEN before the file, and says which", async () => {
    await mkdir(inFolder("hf"), { recursive: true });
    await writeFile(inFolder("hf", "token"), "hf_fromfile\n");
    const fromFile = await hubSettings({ HF_HOME: inFolder("hf") });
    assert.equal(fromFile.token?.authorization(), "Bearer hf_fromfile");
    assert.equal(fromFile.token.origin, inFolder("hf", "token"));
    const fromVariable = await hubSettings({ HF_HOME: inFolder("hf"), HF_TOKEN: " hf_variable " });
    assert.equal(fromVariable.token?.authorization(), "Bearer hf_variable");
    assert.equal(fromVariable.token.origin, "HF_TOKEN");
    assert.equal((await hubSettings({ HF_HOME: inFolder("none") })).token, undefined);
  });

  it("does not show the token when the settings are printed or stored", async () => {
    const settings = await hubSettings({ HF_TOKEN: "hf_secret" });
    for (const text of [JSON.stringify(settings), inspect(settings, { depth: 9 }), String(settings.token)])
      assert.doesNotMatch(text, /secret/);
  });

  it("refuses a token that would break a header, without showing it", async () => {
    await assert.rejects(hubSettings({ HF_TOKEN: "hf_se\ncret" }), (error: Error) => {
      assert.match(error.message, /HF_TOKEN holds something that is no access token/);
      assert.doesNotMatch(inspect(error), /cret/);
      return true;
    });
  });

  it("is offline when a variable or the flag says so", async () => {
    const offline = async (environment: Record<string, string>, flag?: boolean) =>
      (await hubSettings(environment, { offline: flag })).offline;
    assert.equal(await offline({}), false);
    assert.equal(await offline({ HF_HUB_OFFLINE: "1" }), true);
    assert.equal(await offline({ HF_HUB_OFFLINE: "0" }), false);
    assert.equal(await offline({ TRANSFORMERS_OFFLINE: "YES" }), true);
    assert.equal(await offline({}, true), true);
  });

  it("makes no links where Python's library would make none", async () => {
    assert.equal((await hubSettings({})).symlinks, true);
    assert.equal((await hubSettings({ HF_HUB_DISABLE_SYMLINKS: "1" })).symlinks, false);
  });

  it("takes another Hub's address, and refuses what is none", async () => {
    assert.equal((await hubSettings({})).endpoint, "https://huggingface.co");
    assert.equal(
      (await hubSettings({ HF_ENDPOINT: "http://127.0.0.1:8080/" })).endpoint,
      "http://127.0.0.1:8080",
    );
    const withSecret = ["https://me:secret@hub", "https://:secret@hub"];
    for (const wrong of ["hub", "ftp://hub", ...withSecret, "https://hub/?a=secret", "https://hub/#a"]) {
      await assert.rejects(hubSettings({ HF_ENDPOINT: wrong }), (error: Error) => {
        assert.match(error.message, /HF_ENDPOINT is not the address of a Hub/);
        assert.doesNotMatch(inspect(error), /secret/);
        return true;
      });
    }
  });
});
