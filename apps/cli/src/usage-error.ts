// Wrong flags and arguments, found before core is loaded. It is shown exactly like core's error `usage` (exit 2); a class
// of its own only because `--version`, `--help` and a typing mistake must not cost the time to load core.

export class UsageError extends Error {
  readonly hint: string | undefined;

  /** The message follows the wording rules of core's errors; the hint is a full sentence. */
  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}
