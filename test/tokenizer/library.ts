interface Library {
  readonly Tokenizer: new (
    json: unknown,
    config: unknown,
  ) => {
    encode(text: string): { readonly ids: readonly number[] };
    get_vocab(): ReadonlyMap<string, number>;
  };
}

/** By a variable, so that the build does not need the package. */
export const LIBRARY_NAME = "@huggingface/tokenizers";

/** The JavaScript library that reads tokenizers; undefined where it is not installed. */
export async function tokenizersLibrary(): Promise<Library | undefined> {
  return await (import(LIBRARY_NAME) as Promise<Library>).catch(() => undefined);
}
