import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { figureFiles } from "../../src/report/figures.ts";
import { reportPage } from "../../src/report/page.ts";
import type { CompareReport } from "../../src/report/report-types.ts";

const SIZES = [390, 768, 1440];
/** Of labels on a phone, in pixels of the screen. */
const LEGIBLE = 10;

interface Layout {
  readonly overflow: number;
  /** Texts that leave their figure, and the size of labels in pixels of the screen. */
  readonly figures: readonly { readonly outside: readonly string[]; readonly fontSize: number }[];
}

/** Runs in the page. */
const LAYOUT = `({
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  figures: [...document.querySelectorAll("svg")].map((svg) => {
    const frame = svg.getBoundingClientRect();
    const leaves = (box) =>
      box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
    const texts = [...svg.querySelectorAll("text")];
    return {
      outside: texts.filter((text) => leaves(text.getBoundingClientRect())).map((text) => text.textContent),
      fontSize: (12 * frame.width) / svg.viewBox.baseVal.width,
    };
  }),
})`;

describe("The report in a browser", () => {
  const report = JSON.parse(readFileSync("test/fixtures/report/report.json", "utf8")) as CompareReport;
  const folder = mkdtempSync(join(tmpdir(), "stockpot-browser-"));
  const address = pathToFileURL(join(folder, "report.html")).href;
  let browser: Browser;
  const problems: string[] = [];

  before(async () => {
    writeFileSync(join(folder, "report.html"), reportPage(report));
    for (const [name, text] of figureFiles(report)) writeFileSync(join(folder, name), text);
    const executablePath = process.env.CHROMIUM ?? "chromium";
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  });
  after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(width: number, colorScheme: "light" | "dark", url = address): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    page.on("console", (message) => problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => {
      if (request.url() !== url) problems.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    return page;
  }

  for (const width of SIZES)
    for (const scheme of ["light", "dark"] as const)
      it(`opens without a complaint or overflow at ${width} px, ${scheme}`, async () => {
        problems.length = 0;
        const page = await open(width, scheme);
        assert.deepEqual(problems, []);
        const found = await page.evaluate<Layout>(LAYOUT);
        assert.equal(found.overflow, 0);
        assert.equal(found.figures.length, figureFiles(report).size);
        for (const { outside, fontSize } of found.figures) {
          assert.deepEqual(outside, []);
          assert.ok(fontSize >= LEGIBLE, `labels of ${fontSize} px`);
        }
        await page.close();
      });

  it("copies a table as CSV", async () => {
    const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
    const page = await context.newPage();
    await page.goto(address);
    const button = page.locator("button.copy").nth(1);
    await button.click();
    await page.waitForFunction(`document.querySelectorAll("button.copy")[1].textContent === "Copied"`);
    const csv = await page.evaluate<string>("navigator.clipboard.readText()");
    const lines = csv.split("\r\n");
    assert.equal(lines.length, 1 + report.comparisons.length);
    assert.equal(lines[0], "Variant,Where,Gained,Lost,Points,p,p adjusted,Verdict");
    assert.match(lines[1] ?? "", /^base,in distribution,70,167,-6\.7,< 0\.0001,/);
    await context.close();
  });

  it("prints in light colours without buttons", async () => {
    const page = await open(800, "dark");
    await page.emulateMedia({ media: "print" });
    const look = await page.evaluate(`({
      paper: getComputedStyle(document.body).backgroundColor,
      button: getComputedStyle(document.querySelector("button.copy")).display,
    })`);
    assert.deepEqual(look, { paper: "rgb(255, 255, 255)", button: "none" });
    await page.close();
  });

  it("opens each figure alone, light and dark", async () => {
    for (const name of figureFiles(report).keys()) {
      problems.length = 0;
      const page = await open(420, "dark", pathToFileURL(join(folder, name)).href);
      const ink = await page.evaluate(`getComputedStyle(document.querySelector("text:not(.f-quiet)")).fill`);
      assert.equal(ink, "rgb(236, 236, 236)", name);
      assert.deepEqual(problems, []);
      await page.close();
    }
  });
});
