/** Text as code, on one line, whatever is in it. */
export function codeSpan(text: string): string {
  const line = text.replace(/\p{Cc}/gu, " ");
  const ticks = longestRun(line, "`") + 1;
  const fence = "`".repeat(ticks);
  return ticks === 1 ? fence + line + fence : `${fence} ${line} ${fence}`;
}

/** A fence longer than any run of backticks inside, so that nothing in it can close it. */
export function fenced(text: string, language = "yaml"): string {
  const fence = "`".repeat(Math.max(3, longestRun(text, "`") + 1));
  return `${fence}${language}\n${text}${text.endsWith("\n") ? "" : "\n"}${fence}`;
}

function longestRun(text: string, character: string): number {
  let longest = 0;
  let run = 0;
  for (const each of text) {
    run = each === character ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
