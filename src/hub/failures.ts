import { SourceError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import type { HubSettings } from "./environment.ts";
import { repositoryText } from "./repository.ts";
import type { RepositoryReference } from "./repository.ts";
import { retryAfterMs } from "./retry.ts";
import type { Again } from "./retry.ts";
import { errorText } from "./send.ts";
import type { Answer } from "./send.ts";

/** What a request was about. */
export interface Subject extends RepositoryReference {
  readonly file?: string;
}

/** "org/name@revision", with the file if there is one. */
export const subjectText = (subject: Subject): string =>
  subject.file === undefined ? repositoryText(subject) : `${repositoryText(subject)}: ${subject.file}`;

/** A failure about a repository or one of its files; the message names it. */
export function hubError(
  code: ErrorCode,
  subject: Subject,
  message: string,
  hint: string,
  cause?: unknown,
): SourceError {
  const where = subjectText(subject);
  return new SourceError(code, message, { where, hint, ...(cause === undefined ? {} : { cause }) });
}

/** What goes on after a failure that may pass. */
export const againHint = (subject: Subject): string =>
  `What has arrived is kept: "stockpot pull ${repositoryText(subject)}" goes on from there, and so does the same merge.`;

export function unreachable(subject: Subject, endpoint: string, reason: string, attempts = 1): SourceError {
  const times = attempts === 1 ? "" : ` ${attempts} times in a row`;
  const message = `${new URL(endpoint).host} failed${times} for ${subjectText(subject)}: ${reason}`;
  const asked = "Nothing was downloaded yet. Is there a network? --offline takes what the cache has.";
  return hubError(
    "HUB_UNREACHABLE",
    subject,
    message,
    subject.file === undefined ? asked : againHint(subject),
  );
}

export function badAnswer(subject: Subject, what: string, cause?: unknown): SourceError {
  const hint = `Look at HF_ENDPOINT, if it is set; else the Hub, or something on the way to it, is at fault. ${againHint(subject)}`;
  return hubError("HUB_ANSWER", subject, `${subjectText(subject)}: ${what}`, hint, cause);
}

/** An answer that is an error: one that may pass, or what it means. */
export async function failureOf(
  answer: Answer,
  subject: Subject,
  settings: HubSettings,
): Promise<Again | SourceError> {
  const { status, headers } = answer;
  const text = await errorText(answer);
  if (status === 408 || status === 429 || status >= 500) {
    const reason = status === 429 ? "it asks for fewer requests (429)" : `it answered ${status}`;
    return { again: reason, afterMs: retryAfterMs(headers["retry-after"], Date.now()) };
  }
  const given = headers["x-error-code"];
  return refusal(status, typeof given === "string" ? given : "", text, subject, settings);
}

function refusal(
  status: number,
  code: string,
  text: string,
  subject: Subject,
  settings: HubSettings,
): SourceError {
  const { endpoint, token } = settings;
  const { repository, revision } = subject;
  if (status === 401 && /invalid (?:credentials|token|user token)/i.test(text))
    return badToken(subject, settings);
  if (code === "GatedRepo") return gated(subject, settings);
  if (code === "RevisionNotFound") {
    const message = `${repository} has no branch, tag or commit "${revision}"`;
    const hint = `Its branches are at ${endpoint}/${repository}/tree/main.`;
    return hubError("HUB_REVISION", subject, message, hint);
  }
  if (
    code === "RepoNotFound" ||
    (code === "" && (status === 401 || (status === 404 && subject.file === undefined)))
  ) {
    const message = `There is no model ${repository} at ${new URL(endpoint).host}`;
    return hubError("HUB_NOT_FOUND", subject, message, `Check its spelling. ${privateHint(settings)}`);
  }
  if (status === 401 || status === 403) {
    const message = `The Hub refuses access to ${subjectText(subject)} (${status})`;
    return hubError("HUB_ACCESS", subject, message, privateHint(settings));
  }
  if (status === 404 || status === 410) {
    const message = `${subjectText(subject)} is listed, but is not there (${status})`;
    return hubError("HUB_CHANGED", subject, message, againHint(subject));
  }
  return badAnswer(subject, `the Hub answered ${status}${token === undefined ? "" : " (with a token)"}`);
}

function badToken(subject: Subject, { endpoint, token }: HubSettings): SourceError {
  const message = `The Hub does not accept the access token from ${token?.origin ?? "HF_TOKEN"}`;
  const hint = `Make a new one at ${endpoint}/settings/tokens and put it into HF_TOKEN; public models need none.`;
  return hubError("HUB_ACCESS", subject, message, hint);
}

function gated(subject: Subject, { endpoint, token }: HubSettings): SourceError {
  const { repository } = subject;
  const page = `${endpoint}/${repository}`;
  const message = `${repository} is gated: only those who have accepted its licence may download it`;
  const hint =
    token === undefined
      ? `Sign in and accept the licence at ${page}, then put an access token from ${endpoint}/settings/tokens into HF_TOKEN.`
      : `Accept the licence at ${page}, signed in as the owner of the token from ${token.origin}; some models then wait for their author's consent.`;
  return hubError("HUB_ACCESS", subject, message, hint);
}

const privateHint = ({ endpoint, token }: HubSettings) =>
  token === undefined
    ? `If it is private, put an access token from ${endpoint}/settings/tokens into HF_TOKEN.`
    : `If it is private, the token from ${token.origin} must be allowed to read it.`;
