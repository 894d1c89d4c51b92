/** What is bundled with the Worker in its tests. */
const text = `
version: 1
settings: { max_body_bytes: 4096 }
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
  - name: release
    on: { event: add_artifact_alias, alias: release }
    approval: { slack: '#releases', expires: 1h }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-release }
`;
export default text;
