/** Reason not to open a file of a folder by this name, on any operating system; undefined for one that stays in it. */
export function whyOutside(name: string): string | undefined {
  if (/[\u0000-\u001f\u007f]/.test(name)) return "holds a control character";
  if (name.includes("\\")) return "holds a backslash";
  if (name.includes(":")) return "holds a colon (a drive or a stream)";
  if (name.startsWith("/")) return "is an absolute path";
  const parts = name.split("/");
  if (parts.includes("..")) return "leaves the folder";
  if (parts.some((part) => part === "" || part === ".")) return "is not a plain path";
  return undefined;
}
