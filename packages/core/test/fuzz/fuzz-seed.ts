// How long the fuzz tests run, and with which seed. A normal run has a fixed one, so that it says the same on every machine;
// with DMS_TEST_FUZZ_SECONDS it is another one each time, which is printed and can be given with DMS_TEST_FUZZ_SEED.

/** For each of the properties that are bounded by time; 0: a fixed number of runs. */
export const fuzzSeconds = Number(process.env['DMS_TEST_FUZZ_SECONDS'] ?? 0);

const given = process.env['DMS_TEST_FUZZ_SEED'];
const fixedSeed = 20_261_121;

export const fuzzSeed =
  given === undefined ? (fuzzSeconds > 0 ? Date.now() % 2 ** 31 : fixedSeed) : Number(given);

if (fuzzSeconds > 0)
  process.stdout.write(
    `fuzz: DMS_TEST_FUZZ_SEED=${fuzzSeed}, ${fuzzSeconds} s for each property\n`,
  );
