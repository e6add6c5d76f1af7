/** Cases that this version does not run yet, with the reason. One that passes all the same fails the suite. */
export const PENDING: Readonly<Record<string, string>> = {};
