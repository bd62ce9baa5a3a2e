// A file of an archive appears whole and durable or not at all, whatever the disk does; a stream is never believed.

import { spawn } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { caught, rejection } from '../../test/caught.ts';
import { failOnDisk, replaceOnDisk } from '../../test/failing-disk.ts';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import {
  createFileSink,
  createNullSink,
  createStreamSink,
  syncDirectory,
  writeAll,
  writeError,
} from './sink.ts';

vi.mock('node:fs', async (original) =>
  (await import('../../test/failing-disk.ts')).failingDisk(await original()),
);

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

describe('a file', () => {
  test('has its final name only when all is there, and is private', async () => {
    const directory = scratchDirectory();
    const sink = createFileSink(join(directory, 'a.tar'));
    await sink.write(bytes('one '));
    await sink.write(bytes('two'));
    expect(readdirSync(directory)).toEqual(['a.tar.partial']);
    expect(statSync(join(directory, 'a.tar.partial')).mode & 0o777).toBe(0o600);
    await sink.commit();
    expect(readdirSync(directory)).toEqual(['a.tar']);
    expect(readFileSync(join(directory, 'a.tar'), 'utf8')).toBe('one two');
    expect(statSync(join(directory, 'a.tar')).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'a.tar')).nlink).toBe(1);
  });

  test('is durable before it has its name, and its directory after', async () => {
    const directory = scratchDirectory();
    const calls: string[] = [];
    for (const name of ['fsyncSync', 'linkSync', 'unlinkSync'] as const) {
      replaceOnDisk(name, () => void calls.push(name));
    }
    const sink = createFileSink(join(directory, 'a.tar'));
    await sink.commit();
    expect(calls).toEqual(['fsyncSync', 'linkSync', 'unlinkSync', 'fsyncSync']);
  });

  test('is gone when it is discarded, and discarding again does nothing', async () => {
    const directory = scratchDirectory();
    const sink = createFileSink(join(directory, 'a.tar'));
    await sink.write(bytes('x'));
    await sink.discard();
    await sink.discard();
    expect(readdirSync(directory)).toEqual([]);
    const other = createFileSink(join(directory, 'b.tar'));
    unlinkSync(join(directory, 'b.tar.partial'));
    await other.discard();
  });

  test('stays when it is discarded after it was committed', async () => {
    const directory = scratchDirectory();
    const sink = createFileSink(join(directory, 'a.tar'));
    await sink.commit();
    // of another backup that came later
    writeFileSync(join(directory, 'a.tar.partial'), 'of another');
    await sink.discard();
    expect(readdirSync(directory).toSorted()).toEqual(['a.tar', 'a.tar.partial']);
  });

  test('does not replace one that is there', () => {
    const path = join(scratchDirectory(), 'a.tar');
    writeFileSync(path, 'old');
    const error = caught(() => createFileSink(path));
    expect([error.code, error.message]).toEqual([
      'destination-exists',
      `there is already a file '${path}'`,
    ]);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(existsSync(`${path}.partial`)).toBe(false);
  });

  test('does not replace one that appears while it is written', async () => {
    const directory = scratchDirectory();
    const path = join(directory, 'a.tar');
    const sink = createFileSink(path);
    writeFileSync(path, 'appeared');
    const error = await rejection(sink.commit());
    await sink.discard();
    expect([error.code, error.message]).toEqual([
      'destination-exists',
      "'a.tar' appeared while it was written",
    ]);
    expect(readdirSync(directory)).toEqual(['a.tar']);
    expect(readFileSync(path, 'utf8')).toBe('appeared');
  });

  test('does not replace a link that leads nowhere', async () => {
    const directory = scratchDirectory();
    symlinkSync('nowhere', join(directory, 'a.tar'));
    const sink = createFileSink(join(directory, 'a.tar'));
    expect((await rejection(sink.commit())).code).toBe('destination-exists');
    await sink.discard();
    expect(readdirSync(directory)).toEqual(['a.tar']);
  });

  test('is not begun when another is being written', () => {
    const directory = scratchDirectory();
    writeFileSync(join(directory, 'a.tar.partial'), 'of another');
    const error = caught(() => createFileSink(join(directory, 'a.tar')));
    expect(error.code).toBe('destination-exists');
    expect(error.hint).toContain('remove the file');
    expect(readFileSync(join(directory, 'a.tar.partial'), 'utf8')).toBe('of another');
  });

  test('is not begun where it cannot be', () => {
    const directory = scratchDirectory();
    const error = caught(() => createFileSink(join(directory, 'missing', 'a.tar')));
    expect(error.code).toBe('destination-unwritable');
    expect(error.message).toContain('(ENOENT)');
    failOnDisk('openSync', 'ENOSPC');
    expect(caught(() => createFileSink(join(directory, 'a.tar'))).code).toBe('no-space');
  });

  test.each([
    ['ENOSPC', 'no-space'],
    ['EDQUOT', 'no-space'],
    ['EIO', 'destination-unwritable'],
    ['EFBIG', 'destination-unwritable'],
  ])('on a disk that answers %s is told as %s and leaves nothing', async (systemCode, code) => {
    const directory = scratchDirectory();
    const sink = createFileSink(join(directory, 'a.tar'));
    failOnDisk('writeSync', systemCode, { after: 1 });
    await sink.write(bytes('one'));
    const error = await rejection(sink.write(bytes('two')));
    expect(error.code).toBe(code);
    expect((error.cause as { code: string }).code).toBe(systemCode);
    await sink.discard();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('on a disk that takes a few bytes at a time is whole', async () => {
    const path = join(scratchDirectory(), 'a.tar');
    replaceOnDisk('writeSync', (real, [fd, buffer, at, length]) =>
      real(fd, buffer, at, Math.min(3, Number(length))),
    );
    const sink = createFileSink(path);
    await sink.write(bytes('some text of many bytes'));
    await sink.commit();
    expect(readFileSync(path, 'utf8')).toBe('some text of many bytes');
  });

  test.each(['fsyncSync', 'linkSync and renameSync', 'fsync of the directory'])(
    'that cannot be made durable (%s) is told and leaves nothing',
    async (what) => {
      const directory = scratchDirectory();
      const sink = createFileSink(join(directory, 'a.tar'));
      if (what === 'fsyncSync') failOnDisk('fsyncSync', 'ENOSPC');
      else if (what === 'fsync of the directory') failOnDisk('fsyncSync', 'EIO', { after: 1 });
      else {
        failOnDisk('linkSync', 'EPERM');
        failOnDisk('renameSync', 'EIO');
      }
      const error = await rejection(sink.commit());
      expect(error.code).toBe(what === 'fsyncSync' ? 'no-space' : 'destination-unwritable');
      await sink.discard();
      expect(readdirSync(directory)).toEqual([]);
    },
  );

  describe('on a file system without hard links', () => {
    test('has its name all the same', async () => {
      const directory = scratchDirectory();
      failOnDisk('linkSync', 'EPERM');
      const sink = createFileSink(join(directory, 'a.tar'));
      await sink.write(bytes('x'));
      await sink.commit();
      expect(readdirSync(directory)).toEqual(['a.tar']);
    });

    test('does not replace one that appeared', async () => {
      const directory = scratchDirectory();
      const path = join(directory, 'a.tar');
      failOnDisk('linkSync', 'ENOTSUP');
      const sink = createFileSink(path);
      writeFileSync(path, 'appeared');
      expect((await rejection(sink.commit())).code).toBe('destination-exists');
      await sink.discard();
      expect(readFileSync(path, 'utf8')).toBe('appeared');
      expect(readdirSync(directory)).toEqual(['a.tar']);
    });
  });
});

describe('a stream', () => {
  /** Takes what it gets much later, one piece at a time. */
  function slowStream(): { stream: Writable; taken: Buffer[] } {
    const taken: Buffer[] = [];
    const stream = new Writable({
      highWaterMark: 16,
      write(chunk: Buffer, _, callback) {
        setImmediate(() =>
          setImmediate(() => {
            taken.push(Buffer.from(chunk));
            callback();
          }),
        );
      },
    });
    return { stream, taken };
  }

  test('that is slow gets every byte, although memory is used again after each write', async () => {
    const { stream, taken } = slowStream();
    const sink = createStreamSink(stream);
    const memory = new Uint8Array(100);
    for (let piece = 0; piece < 50; piece++) {
      memory.fill(piece);
      await sink.write(memory.subarray(0, piece % 3 === 0 ? 5 : 100));
      memory.fill(255);
    }
    await sink.commit();
    const expected = Array.from({ length: 50 }, (_, piece) =>
      Buffer.alloc(piece % 3 === 0 ? 5 : 100, piece),
    );
    expect(Buffer.concat(taken).equals(Buffer.concat(expected))).toBe(true);
    expect(stream.writableFinished).toBe(true);
  });

  test('is waited for with a constant number of listeners', async () => {
    const { stream } = slowStream();
    const sink = createStreamSink(stream);
    await sink.write(bytes('x'.repeat(100)));
    const count = () =>
      stream.eventNames().reduce((sum, name) => sum + stream.listenerCount(name), 0);
    const before = count();
    for (let piece = 0; piece < 30; piece++) await sink.write(bytes('x'.repeat(100)));
    expect(count()).toBe(before);
  });

  test('whose reader goes away is told, and stays told', async () => {
    const child = spawn('true', { stdio: ['pipe', 'ignore', 'ignore'] });
    const sink = createStreamSink(child.stdin);
    await new Promise((resolve) => child.on('exit', resolve));
    const megabyte = new Uint8Array(1 << 20);
    const write = async () => {
      for (let piece = 0; piece < 100; piece++) await sink.write(megabyte);
    };
    const error = await rejection(write());
    expect([error.code, error.message]).toEqual([
      'destination-unwritable',
      expect.stringContaining("cannot write 'standard output'"),
    ]);
    expect((await rejection(sink.write(megabyte))).code).toBe('destination-unwritable');
    expect((await rejection(sink.commit())).code).toBe('destination-unwritable');
  });

  test('whose reader reads a little and goes away is told', async () => {
    const child = spawn('head', ['-c', '1000'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const sink = createStreamSink(child.stdin);
    const megabyte = new Uint8Array(1 << 20);
    const write = async () => {
      for (let piece = 0; piece < 1000; piece++) await sink.write(megabyte);
    };
    expect((await rejection(write())).code).toBe('destination-unwritable');
  });

  test('that is closed in the middle of a write is told', async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const sink = createStreamSink(stream);
    const pending = rejection(sink.write(bytes('never read')));
    stream.destroy();
    expect((await pending).code).toBe('destination-unwritable');
  });

  test('that is closed before the end is no success', async () => {
    const stream = new PassThrough();
    const sink = createStreamSink(stream);
    stream.destroy();
    await new Promise((resolve) => stream.once('close', resolve));
    expect((await rejection(sink.write(bytes('x')))).code).toBe('destination-unwritable');
    expect((await rejection(sink.commit())).code).toBe('destination-unwritable');
  });

  test('that fails with an error is told with its cause', async () => {
    const cause = Object.assign(new Error('full'), { code: 'ENOSPC' });
    const stream = new Writable({ write: (_chunk, _encoding, callback) => callback(cause) });
    const error = await rejection(createStreamSink(stream).write(bytes('x')));
    expect([error.code, error.cause]).toEqual(['no-space', cause]);
  });

  test('that fails at its end is no success', async () => {
    const stream = new Writable({
      write: (_chunk, _encoding, callback) => callback(),
      final: (callback) => callback(new Error('too late')),
    });
    const sink = createStreamSink(stream);
    await sink.write(bytes('x'));
    expect((await rejection(sink.commit())).code).toBe('destination-unwritable');
  });

  test('is left as it is when it is discarded', async () => {
    const stream = new PassThrough();
    await createStreamSink(stream).discard();
    expect([stream.destroyed, stream.writableEnded]).toEqual([false, false]);
  });

  if (existsSync('/dev/full')) {
    test('on a full disk is told as such', async () => {
      const stream = createWriteStream('/dev/full');
      onTestFinished(() => void stream.destroy());
      const sink = createStreamSink(stream);
      const write = async () => {
        await sink.write(bytes('x'));
        await sink.commit();
      };
      expect((await rejection(write())).code).toBe('no-space');
    });
  }
});

test('nowhere takes everything', async () => {
  const sink = createNullSink();
  await sink.write(bytes('x'));
  await sink.commit();
  await expect(sink.discard()).resolves.toBeUndefined();
});

describe('a directory', () => {
  test.each(['EINVAL', 'EPERM', 'EISDIR', 'EACCES', 'ENOTSUP'])(
    'that cannot be synced (%s) is passed over',
    (code) => {
      failOnDisk('fsyncSync', code);
      expect(() => syncDirectory(scratchDirectory())).not.toThrow();
    },
  );

  test('that cannot be opened is passed over when that is no matter of rights', () => {
    failOnDisk('openSync', 'EACCES');
    expect(() => syncDirectory('/')).not.toThrow();
  });

  test('whose disk fails is told', () => {
    failOnDisk('fsyncSync', 'EIO');
    expect(() => syncDirectory(scratchDirectory())).toThrow('EIO');
    expect(() => syncDirectory(join(scratchDirectory(), 'missing'))).toThrow('ENOENT');
  });
});

test('an error of the disk is worded by what it is', () => {
  expect(writeError(new Error('odd'), '/x').message).toBe("cannot write '/x' (unknown error)");
  expect(writeError(undefined, '/x').code).toBe('destination-unwritable');
});

test('writing nothing calls nobody', () => {
  failOnDisk('writeSync', 'EIO');
  expect(() => writeAll(0, new Uint8Array())).not.toThrow();
});
