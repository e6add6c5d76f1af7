export const PAGE_RULES =
  `:root{--sheet:#f5f5f5;color-scheme:light dark}` +
  `@media (prefers-color-scheme:dark){:root{--sheet:#222222}}` +
  `@media print{:root{--sheet:#ffffff}.copy{display:none}section{break-inside:auto}figure{break-inside:avoid}details{display:block}}` +
  `*{box-sizing:border-box}` +
  `body{margin:0 auto;padding:16px;max-width:1180px;background:var(--paper);color:var(--ink);` +
  `font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:anywhere}` +
  `h1{font-size:1.5rem;line-height:1.2;margin:8px 0}h2{font-size:1.25rem;margin:40px 0 8px;padding-top:8px;border-top:1px solid var(--rule)}` +
  `h3{font-size:1rem;margin:0 0 4px}p{margin:6px 0;max-width:75ch}.quiet,figcaption{color:var(--quiet)}.hash{font-size:.85rem}` +
  `.headline{font-size:1.2rem;font-weight:600}.warning{border-left:4px solid var(--orange);padding-left:12px}` +
  `.gallery{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:24px;margin:16px 0}` +
  `figure{margin:0}figure svg{display:block;width:100%;height:auto;max-width:560px}figcaption{font-size:.875rem}` +
  `.table{margin:20px 0}.table figcaption{display:flex;gap:12px;justify-content:space-between;align-items:baseline;flex-wrap:wrap;margin-bottom:4px}` +
  `.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem;overflow-wrap:normal}` +
  `th,td{padding:4px 10px;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}tbody th{font-weight:400}` +
  `td{min-width:5ch}td:not(.number){min-width:18ch}.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}.bold{font-weight:700}tbody th.bold{font-weight:700}` +
  `.finding{background:var(--sheet);border-left:4px solid var(--blue);padding:8px 12px;margin:12px 0}.finding.warning{border-color:var(--orange)}` +
  `.names{margin:4px 0;padding-left:20px;font-size:.875rem}summary{cursor:pointer}` +
  `pre{background:var(--sheet);padding:12px;overflow-x:auto;font-size:.875rem;line-height:1.4}` +
  `button{font:inherit;font-size:.8rem;color:var(--ink);background:var(--sheet);border:1px solid var(--quiet);border-radius:4px;padding:2px 8px;cursor:pointer}`;

/** Copies a table as CSV (RFC 4180); by a selection where a page from a disk may not use the clipboard. */
export const PAGE_SCRIPT = `
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const rows = [...button.closest("figure").querySelectorAll("tr")];
    const quote = (text) => (/[",\\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
    const csv = rows.map((row) => [...row.cells].map((cell) => quote(cell.textContent)).join(",")).join("\\r\\n");
    try {
      await navigator.clipboard.writeText(csv);
    } catch {
      const area = document.createElement("textarea");
      area.value = csv;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy as CSV"), 1500);
  });
}
`;
