// Thread of tests that cannot even start.

throw new Error('the thread cannot start');
