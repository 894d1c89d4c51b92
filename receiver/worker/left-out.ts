// Takes the place of packages that Bolt loads and that nothing on Workers uses (`alias` in wrangler.jsonc): Socket Mode, which
// `setUp` refuses, and the reading of bodies from Node's own server. With them the bundle is almost twice as large.
export {};
