/** An access token that does not show itself: not in logs, not as JSON, only where it is asked for by name. */
export class AccessToken {
  readonly #value: string;
  /** Where it comes from, for messages: "HF_TOKEN", or the path of a file. */
  readonly origin: string;

  constructor(value: string, origin: string) {
    this.#value = value;
    this.origin = origin;
  }

  /** The value of the Authorization header. */
  authorization(): string {
    return `Bearer ${this.#value}`;
  }

  toString(): string {
    return "[token]";
  }

  toJSON(): string {
    return this.toString();
  }
}
