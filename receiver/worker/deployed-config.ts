// The config as text, as scripts/write-worker-config.ts has checked and copied it (`build` and `rules` in wrangler.jsonc). The
// npm scripts put a module of their own in this file's place (scripts/wrangler.ts).
export { default } from '../../.wrangler/config/wandb-relay.yaml';
