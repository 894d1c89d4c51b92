/** Values as W&B would fill them in, for the sandbox and `send-test`. */
export const SAMPLE_VALUES: Readonly<Record<string, string>> = {
  event_author: 'ada',
  entity_name: 'acme',
  project_name: 'wandb-registry-model',
  artifact_collection_name: 'resnet50',
  artifact_version: 'wandb-artifact://_id/QXJ0aWZhY3Q6MTIz',
  artifact_version_string: 'acme/wandb-registry-model/resnet50:v12',
  alias: 'production',
  tag: 'approved',
  run_name: 'train-42',
  run_status: 'finished',
  metric_name: 'accuracy',
  metric_values: '[0.91]',
  metric_current_status: 'running',
};
