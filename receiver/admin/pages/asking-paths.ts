/** Among the paths of pages, those where a POST changes nothing: whoever reads may send one, from one of our own pages. */
export const ASKING_PATHS: readonly string[] = ['/simulate/*'];
