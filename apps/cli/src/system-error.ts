// The same question as in core, asked where core must not be loaded.

/** The `code` of a Node system error such as EPIPE, or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
