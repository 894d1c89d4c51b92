import packaged from '../../package.json' with { type: 'json' };

/** What runs here. Bundled: a Worker has no files. */
export const VERSION = packaged.version;
