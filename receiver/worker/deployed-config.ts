// The config of the folder from which the Worker is deployed, as text (`rules` in wrangler.jsonc).
export { default } from '../../wandb-relay.yaml';
