/** Access tokens of the Hub, and passwords in addresses. */
const SECRETS = /\bhf_[A-Za-z0-9]{16,}|(?<=:\/\/)[^\s/@:]+:[^\s/@]+(?=@)/g;

/** A text that may be published, with stars for each secret that someone wrote into it. */
export const withoutTokens = (text: string): string => text.replace(SECRETS, "***");
