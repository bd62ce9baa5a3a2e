// A first look at a line of JSON: the text of its first property, without parsing the rest. Most lines of an index are not
// the one that is looked for, and to parse them takes ten times as long as to read the archive.

/**
 * Undefined when the first property has another name, or when its text has escapes; then the line must be parsed. Our writer
 * puts every property once, and the one that is looked for first.
 */
export function leadingText(line: string, property: string): string | undefined {
  const before = `{"${property}":"`;
  if (!line.startsWith(before)) return undefined;
  const end = line.indexOf('"', before.length);
  const text = line.slice(before.length, end);
  return end < 0 || text.includes('\\') ? undefined : text;
}
