import assert from "node:assert/strict";
import { mkdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  blobPath,
  cachedCommit,
  cachedLength,
  linkSnapshot,
  repositoryFolder,
  repositoryOfFolder,
  snapshotNames,
  snapshotPath,
  writeRef,
} from "../../src/hub/cache-layout.ts";
import { useTemporaryFolder } from "../fixtures/temporary-folder.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

describe("The cache's layout", () => {
  const inFolder = useTemporaryFolder();

  async function withBlob(): Promise<string> {
    await rm(inFolder("cache"), { recursive: true, force: true });
    const folder = repositoryFolder(inFolder("cache"), "org/name");
    await mkdir(join(folder, "blobs"), { recursive: true });
    await writeFile(blobPath(folder, "aa"), "content");
    return folder;
  }

  it("is that of Python's library", async () => {
    const folder = await withBlob();
    assert.equal(folder, inFolder("cache", "models--org--name"));
    assert.equal(repositoryOfFolder("models--org--name"), "org/name");
    assert.equal(repositoryOfFolder("datasets--org--name"), undefined);
    await linkSnapshot(folder, COMMIT, "sub/file.json", "aa");
    const path = join(folder, "snapshots", COMMIT, "sub", "file.json");
    assert.equal(await readlink(path), "../../../blobs/aa");
    assert.equal(await readFile(path, "utf8"), "content");
    assert.deepEqual(await snapshotNames(folder, COMMIT), ["sub/file.json"]);
    assert.equal(await cachedLength(inFolder("cache"), path), 7);
    await writeRef(folder, "refs/pr/1", COMMIT);
    assert.equal(await readFile(join(folder, "refs", "refs", "pr", "1"), "utf8"), COMMIT);
    assert.equal(await cachedCommit(folder, "refs/pr/1"), COMMIT);
    assert.equal(await cachedCommit(folder, COMMIT), COMMIT);
    assert.equal(await cachedCommit(folder, "main"), undefined);
  });

  it("replaces a link that is there, and follows none out of the repository's folder", async () => {
    const folder = await withBlob();
    await mkdir(inFolder("elsewhere"), { recursive: true });
    await mkdir(join(folder, "snapshots", COMMIT), { recursive: true });
    await writeFile(inFolder("elsewhere", "victim"), "kept");
    await symlink(inFolder("elsewhere", "victim"), snapshotPath(folder, COMMIT, "file"));
    await linkSnapshot(folder, COMMIT, "file", "aa");
    assert.equal(await readFile(snapshotPath(folder, COMMIT, "file"), "utf8"), "content");
    assert.equal(await readFile(inFolder("elsewhere", "victim"), "utf8"), "kept");

    await symlink(inFolder("elsewhere"), snapshotPath(folder, COMMIT, "sub"));
    await assert.rejects(linkSnapshot(folder, COMMIT, "sub/new", "aa"), { code: "HUB_CACHE" });
    await assert.rejects(readFile(inFolder("elsewhere", "new")), { code: "ENOENT" });
  });

  it("counts nothing as cached that lies outside", async () => {
    const folder = await withBlob();
    await mkdir(join(folder, "snapshots", COMMIT), { recursive: true });
    await writeFile(inFolder("secret"), "secret");
    await symlink(inFolder("secret"), snapshotPath(folder, COMMIT, "file"));
    assert.equal(await cachedLength(inFolder("cache"), snapshotPath(folder, COMMIT, "file")), undefined);
  });

  it("refuses names that lead elsewhere", async () => {
    const folder = await withBlob();
    for (const name of ["../../../x", "/etc/x", "a/../../x", "C:/x", "nul"])
      await assert.rejects(linkSnapshot(folder, COMMIT, name, "aa"), { code: "HUB_FILE_NAME" });
  });
});
