// The verb `list`: the archives of a destination, newest first, and what looks like an archive there and is none.

import { isWanted, listedArchive, unusableFiles } from './destination/describe.ts';
import { openDestination } from './destination/open-destination.ts';
import { surveyDestination } from './destination/survey.ts';
import type { ListOptions, ListResult } from './verb.ts';

/** Reads beginning and end of each archive; proves seal and manifest, not the content. Throws `archive-not-found`, `interrupted`. */
export async function list(options: ListOptions): Promise<ListResult> {
  const { apps, signal } = options;
  const destination = await openDestination(options);
  try {
    const survey = await surveyDestination(destination, signal);
    return {
      destination: destination.place,
      archives: survey.archives
        .filter(({ instance }) => isWanted(instance.app, apps))
        .map((found) => listedArchive(found, destination)),
      unusable: unusableFiles(survey, destination, apps),
      others: survey.others,
      exitCode: 0,
    };
  } finally {
    await destination.close();
  }
}
