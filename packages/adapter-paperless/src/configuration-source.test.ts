import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { confSource } from './configuration-source.ts';

const root = mkdtempSync(join(tmpdir(), 'paperless-source-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, 'src/paperless'), { recursive: true });
writeFileSync(join(root, 'src/manage.py'), '');
mkdirSync(join(root, 'media'));

const relative = new Map([['PAPERLESS_MEDIA_ROOT', '../media']]);

test('a system-wide file takes its base from the product we stand in or beside', () => {
  for (const here of [root, join(root, 'src')]) {
    const source = confSource('/etc/paperless.conf', relative, here);
    expect(source.hostPath('../media')).toMatchObject({ path: join(root, 'media') });
    expect(confSource('/etc/paperless.conf', new Map(), here).hostPath('../data')).toMatchObject({
      path: join(root, 'data'),
    });
  }
});

test('a system-wide file far from any product has no base: a random folder must not become the media root', () => {
  const source = confSource('/etc/paperless.conf', relative, '/root');
  expect(source.hostPath('../media')).toHaveProperty('problem');
  expect(source.defaults).toBeNull();
  expect(source.hostPath('/srv/media')).toEqual({ path: '/srv/media', how: null });
});
