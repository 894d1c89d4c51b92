// Takes the place of deployed-config.ts where there is no config yet: `npm run dev:worker`, and measuring the bundle.
export { default } from '../../examples/wandb-relay.yaml';
