/** Bytes of a recipe. Written by hand they have a few KB, generated for a hundred layers some 100 KB. */
export const MAX_RECIPE_BYTES = 1024 * 1024;

/** Lexical tokens of a recipe: ten for each of 10,000 lines. Bounds the time that parsing takes. */
export const MAX_TOKENS = 100_000;

/** Levels of lists and mappings: the language itself has ten. Bounds the stack of everything that walks a recipe. */
export const MAX_NESTING = 32;

/** Values after aliases are expanded, so that a few lines of aliases to aliases cannot fill the memory. */
export const MAX_VALUES = 100_000;

/** Recipes of one file: each is a merge of its own, minutes for a real model. */
export const MAX_DOCUMENTS = 256;

/** Models of one merge: the largest published soups have 72, and a Gram matrix grows with the square. */
export const MAX_MODELS = 1024;

/** Entries of any other list (slices, overrides, conditions, gradients): more than any model has layers. */
export const MAX_LIST_LENGTH = 4096;

/** Characters of a path or pattern: the longest path that operating systems take. */
export const MAX_NAME_LENGTH = 4096;

/** Problems that are shown at once; the rest are counted. */
export const MAX_PROBLEMS = 100;
