import { figuresOf } from "./figures.ts";
import { PAGE_RULES, PAGE_SCRIPT } from "./page-parts.ts";
import type { CompareReport } from "./report-types.ts";
import { COLOUR_RULES, element, escapeText, FIGURE_RULES, inline } from "./svg.ts";
import type { Figure } from "./svg.ts";
import { comparisonTable, fileTable, kindTable, modelTable, tensorTable, variantTable } from "./tables.ts";

/** The page may load nothing at all: it works from a mail as from a disk. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** The report as one HTML page without any reference to another file. */
export function reportPage(report: CompareReport): string {
  const figures = figuresOf(report);
  const { diagnosis, verdict, warnings, variants, comparisons } = report;
  const sections = [
    section("Verdict", ...verdict.sentences.map((text) => paragraph(text)), ...warnings.map(warning)),
    section(
      "Scores",
      gallery(figures.scores, figures.greedy),
      variants.length === 0 ? "" : variantTable(report),
    ),
    section("Split by split", gallery(figures.splits)),
    section("Chance or not", comparisons.length === 0 ? "" : comparisonTable(report)),
    ...(diagnosis === undefined
      ? []
      : [
          section(
            "What the weights tell",
            ...diagnosis.findings.map(finding),
            gallery(figures.triangles, figures.geometry),
            modelTable(diagnosis),
            kindTable(diagnosis),
            details("Tensor by tensor", tensorTable(diagnosis)),
          ),
        ]),
    section("Recipe and inputs", recipe(report), fileTable(report), paragraph(versions(report), "quiet")),
  ];
  const head = [
    '<meta charset="utf-8"/>',
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    '<meta name="color-scheme" content="light dark"/>',
    element("meta", { "http-equiv": "Content-Security-Policy", content: POLICY }),
    element("title", {}, escapeText(`${report.title} - Stockpot`)),
    element("style", {}, COLOUR_RULES + FIGURE_RULES + PAGE_RULES),
  ];
  const header = element(
    "header",
    {},
    element("h1", {}, escapeText(report.title)),
    paragraph(verdict.headline, "headline"),
    paragraph(`Compared on ${report.created.slice(0, 10)}${measured(report)}.`, "quiet"),
  );
  const body = [header, element("main", {}, ...sections), element("script", {}, PAGE_SCRIPT)];
  return `<!doctype html>\n${element("html", { lang: "en" }, element("head", {}, ...head), element("body", {}, ...body))}\n`;
}

function measured({ evaluation, seconds }: CompareReport): string {
  if (evaluation === undefined) return `, without data, in ${seconds.toFixed(1)} s`;
  const data = evaluation.data === undefined ? "" : ` on ${evaluation.data}`;
  return `${data} with ${evaluation.backend}, in ${seconds.toFixed(1)} s`;
}

/** Nothing where there is no content. */
function section(title: string, ...content: readonly string[]): string {
  const filled = content.filter((part) => part !== "");
  return filled.length === 0 ? "" : element("section", {}, element("h2", {}, escapeText(title)), ...filled);
}

function paragraph(text: string, style?: string): string {
  return element("p", { class: style }, escapeText(text));
}

const warning = (text: string) => paragraph(`Note: ${text}`, "warning");

function gallery(...groups: readonly (readonly Figure[])[]): string {
  const figures = groups.flat();
  if (figures.length === 0) return "";
  return element(
    "div",
    { class: "gallery" },
    ...figures.map((figure) =>
      element(
        "figure",
        {},
        element("h3", {}, escapeText(figure.title)),
        inline(figure),
        element("figcaption", {}, escapeText(figure.description)),
      ),
    ),
  );
}

function finding(each: NonNullable<CompareReport["diagnosis"]>["findings"][number]): string {
  const { severity, title, meaning, advice, tensors, concerned = tensors.length } = each;
  const names =
    tensors.length === 0
      ? ""
      : details(
          concerned > tensors.length ? `${tensors.length} of ${concerned} tensors` : `${concerned} tensors`,
          element("ul", { class: "names" }, ...tensors.map((name) => element("li", {}, escapeText(name)))),
        );
  return element(
    "div",
    { class: `finding ${severity}` },
    element("h3", {}, escapeText(title)),
    element("p", {}, escapeText(meaning), " ", element("strong", {}, escapeText(advice))),
    names,
  );
}

function details(summary: string, content: string): string {
  return element("details", {}, element("summary", {}, escapeText(summary)), content);
}

function recipe({ recipe: { file, text, sha256 } }: CompareReport): string {
  return (
    element("h3", {}, escapeText(file)) +
    element("pre", { tabindex: "0" }, element("code", {}, escapeText(text))) +
    paragraph(`SHA-256 of the recipe: ${sha256}`, "quiet hash")
  );
}

function versions({ versions: all }: CompareReport): string {
  return `Made by ${Object.entries(all)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")}.`;
}
