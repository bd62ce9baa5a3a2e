// The border to adapters: whatever a package exports or a member returns, a breach is told by name, never by a crash.

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { caught } from '../test/caught.ts';
import { checkAdapter, checked } from './adapter-check.ts';
import type { Adapter } from './adapter.ts';

const run = () => undefined;
const adapter: Record<string, unknown> = {
  contractVersion: 1,
  name: 'shoebox',
  title: 'Shoebox',
  aliases: [],
  engines: ['sqlite'],
  supportedVersions: '1.0 - 2.0',
  configure: run,
  stamp: run,
  tables: run,
  classify: run,
  references: run,
  documents: run,
  compatibility: run,
};

const refusal = (change: Record<string, unknown>) =>
  caught(() => checkAdapter({ ...adapter, ...change }, 'a-package'));

describe('an adapter', () => {
  test('is taken as it is', () => {
    expect(checkAdapter(adapter, 'a-package')).toBe(adapter as unknown as Adapter);
    const more = {
      ...adapter,
      quiesce: run,
      restoreNotes: run,
      inspectRows: run,
      somethingElse: 7,
    };
    expect(checkAdapter(more, 'a-package')).toBe(more as unknown as Adapter);
  });

  test.each([undefined, null, 7, 'adapter', true, () => undefined])('is not %o', (value) => {
    const error = caught(() => checkAdapter(value, 'a-package'));
    expect(error.code).toBe('adapter-invalid');
    expect(error.message).toBe("the adapter of 'a-package' exports no object named `adapter`");
  });

  test.each([0, 2, '1', undefined])(
    'for contract version %o is refused as such',
    (contractVersion) => {
      const error = refusal({ contractVersion });
      expect(error.code).toBe('adapter-contract-version');
      expect(error.message).toBe(
        `the adapter of 'a-package' is for contract version ${String(contractVersion)}, this is 1`,
      );
    },
  );

  test.each(['', 'Shoebox', '1box', 'shoe box', '../shoebox', 'shoebox\n', 7, undefined])(
    'named %o is refused',
    (name) => {
      expect(refusal({ name }).message).toBe("the adapter of 'a-package' has no usable `name`");
    },
  );

  test.each(['title', 'supportedVersions'])('needs text in `%s`', (member) => {
    expect(refusal({ [member]: 7 }).message).toBe(
      `the adapter of 'a-package' has no text in \`${member}\``,
    );
  });

  test.each(['aliases', 'engines'])('needs a list of texts in `%s`', (member) => {
    for (const value of [undefined, 'sqlite', [7], { length: 0 }]) {
      expect(refusal({ [member]: value }).message).toBe(
        `the adapter of 'a-package' has no list in \`${member}\``,
      );
    }
  });

  test.each([
    'configure',
    'stamp',
    'tables',
    'classify',
    'references',
    'documents',
    'compatibility',
  ])('needs the function `%s`', (member) => {
    for (const value of [undefined, null, {}]) {
      expect(refusal({ [member]: value }).message).toBe(
        `the adapter of 'a-package' has no function \`${member}\``,
      );
    }
  });

  test.each(['quiesce', 'restoreNotes', 'inspectRows'])(
    'may leave `%s` out, but not make it something else',
    (member) => {
      expect(refusal({ [member]: true }).message).toBe(
        `the adapter of 'a-package' has a \`${member}\` that is no function`,
      );
    },
  );
});

describe('a result', () => {
  const schema = z.object({ title: z.string(), secrets: z.array(z.object({ name: z.string() })) });

  test('comes back parsed', () => {
    const value = { title: 'x', secrets: [], unknown: 7 };
    expect(checked(schema, value, 'shoebox', 'configure')).toEqual({ title: 'x', secrets: [] });
  });

  test('that is not as promised is told by member and place, never by value', () => {
    const error = caught(() =>
      checked(schema, { title: 'x', secrets: [{ name: 4711 }] }, 'shoebox', 'configure'),
    );
    expect(error.code).toBe('adapter-invalid');
    expect(error.message).toBe(
      "adapter 'shoebox' returned something else than `configure` promises (secrets.0.name: invalid_type)",
    );
    expect(JSON.stringify([error, error.message, error.context])).not.toContain('4711');
  });

  test('that is nothing at all is told too', () => {
    expect(caught(() => checked(schema, undefined, 'shoebox', 'stamp')).message).toBe(
      "adapter 'shoebox' returned something else than `stamp` promises (: invalid_type)",
    );
  });
});
