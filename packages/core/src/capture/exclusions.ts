// What is not in an archive, by decision: collected while scanning, declared once per rule, written into the seal.

import type { PathRule, TableRule } from '../adapter.ts';
import type { Excluded } from '../archive/schema.ts';

/** Declarations without duplicates, in the order they came. */
export class ExclusionList {
  readonly #declared = new Map<string, Excluded>();

  /** A file or directory (path ends with `/`) that a rule leaves out. */
  addFile(root: string, path: string, rule: PathRule): void {
    const declared = rule.declareAs ?? path;
    this.#add(`file ${root} ${rule.class} ${declared}`, {
      kind: 'file',
      root,
      path: declared,
      class: rule.class,
      reason: rule.reason ?? 'left out by the adapter',
    });
  }

  addTable(name: string, rule: Pick<TableRule, 'class' | 'reason'>): void {
    this.#add(`table ${name}`, {
      kind: 'table',
      name,
      class: rule.class,
      reason: rule.reason ?? 'left out by the adapter',
    });
  }

  list(): Excluded[] {
    return [...this.#declared.values()];
  }

  #add(key: string, excluded: Excluded): void {
    if (!this.#declared.has(key)) this.#declared.set(key, excluded);
  }
}

/** The user's --exclude-class, laid over the adapter's rules. */
export class IgnoredMediaClasses {
  readonly #classes: ReadonlySet<string>;

  constructor(classes: readonly string[]) {
    this.#classes = new Set(classes);
  }

  apply(rule: PathRule): PathRule {
    if (!rule.keep || !this.#classes.has(rule.class)) return rule;
    // a directory of the class is declared once and not entered, so there is no line per thumbnail
    return { ...rule, keep: false, reason: `--exclude-class ${rule.class}` };
  }
}
