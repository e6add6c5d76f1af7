import type { SourceError } from "../../errors.ts";
import type { HubSettings } from "../environment.ts";
import { hubError } from "../failures.ts";
import type { Subject } from "../failures.ts";
import type { PushTarget } from "./types.ts";

const subjectOf = ({ repository, branch = "main" }: PushTarget): Subject => ({
  repository,
  revision: branch,
});

/** What goes on after an upload that stopped. */
const AGAIN = "Push again: large files that arrived whole are not sent twice.";

export function noToken(target: PushTarget, { endpoint }: HubSettings): SourceError {
  const hint = `Make a token that may write at ${endpoint}/settings/tokens and put it into HF_TOKEN.`;
  return hubError("HUB_ACCESS", subjectOf(target), "Pushing needs an access token, and there is none", hint);
}

export function offline(target: PushTarget): SourceError {
  const hint = "Push without --offline, and without HF_HUB_OFFLINE.";
  return hubError(
    "HUB_OFFLINE",
    subjectOf(target),
    "Pushing needs the network, which must not be asked",
    hint,
  );
}

export function readOnlyToken(target: PushTarget, { endpoint, token }: HubSettings): SourceError {
  const message = `The access token from ${token?.origin ?? "HF_TOKEN"} may only read`;
  const hint = `Make one that may write at ${endpoint}/settings/tokens and put it into HF_TOKEN.`;
  return hubError("HUB_ACCESS", subjectOf(target), message, hint);
}

export function isPublic(target: PushTarget): SourceError {
  const message = `${target.repository} is there already and public; --private would not hide what is pushed`;
  const hint =
    "Make the repository private in its settings first, push to another name, or leave --private out.";
  return hubError("HUB_PUSH", subjectOf(target), message, hint);
}

export function unreachable(target: PushTarget, host: string, reason: string, attempts: number): SourceError {
  const times = attempts === 1 ? "" : ` ${attempts} times in a row`;
  const message = `${host} failed${times} while ${target.repository} was pushed: ${reason}`;
  return hubError("HUB_UNREACHABLE", subjectOf(target), message, AGAIN);
}

export function badAnswer(target: PushTarget, cause: unknown): SourceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `The Hub's answer to the push of ${target.repository} could not be read: ${reason}`;
  return hubError("HUB_ANSWER", subjectOf(target), message, AGAIN, cause);
}

/** What a refusal means; `text` is what the server said. */
export function refusal(
  status: number,
  text: string,
  target: PushTarget,
  settings: HubSettings,
): SourceError {
  const { endpoint, token } = settings;
  const origin = token?.origin ?? "HF_TOKEN";
  const subject = subjectOf(target);
  const said = text === "" ? "" : `: ${text}`;
  if (status === 401) {
    const hint = `Make a new one at ${endpoint}/settings/tokens and put it into HF_TOKEN.`;
    return hubError("HUB_ACCESS", subject, `The Hub does not accept the access token from ${origin}`, hint);
  }
  if (status === 403) {
    const message = `The token from ${origin} may not write to ${target.repository}${said}`;
    const [owner = ""] = target.repository.split("/");
    const hint =
      `Use a token that may write for ${owner} (${endpoint}/settings/tokens), ` +
      "or --pr to propose the files to the repository's owners.";
    return hubError("HUB_ACCESS", subject, message, hint);
  }
  if (status === 404) {
    const message = `There is no ${target.repository}${target.branch === undefined ? "" : ` with a branch ${target.branch}`} at ${new URL(endpoint).host}`;
    const hint = "Check its spelling; without --pr the repository is made.";
    return hubError("HUB_NOT_FOUND", subject, message, hint);
  }
  if (status === 412) {
    const message = `Somebody else has changed ${target.repository} during the push`;
    return hubError("HUB_CHANGED", subject, message, AGAIN);
  }
  return hubError(
    "HUB_PUSH",
    subject,
    `The Hub did not take the push to ${target.repository} (${status})${said}`,
    AGAIN,
  );
}
