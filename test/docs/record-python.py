"""Records what W&B's Python client sends for the Python in docs/events.md. Nothing is sent: `wandb.Api` is replaced.

    pip install wandb==0.30.0
    python test/docs/record-python.py > test/docs/python-inputs.json

Run it when the Python on that page changes. The names have the ids that test/stand-ins/wandb-world.ts gives them.
"""

import json
import re
import sys
from base64 import b64encode
from pathlib import Path

import wandb
import wandb.automations
from wandb.automations import ProjectScope, RegistryScope, SlackIntegration, TeamScope, WebhookIntegration
from wandb.automations._inputs import prepare_to_create
from wandb.automations.scopes import OrgScope, _ArtifactPortfolioScope, _ArtifactSequenceScope

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
SETUP = 'slack = next(api.slack_integrations())\nhook = next(api.webhook_integrations())\ntrain = api.project("train")\n'
# The heading of a table, and how one of its cells becomes an automation.
ROWS = {
    "Scopes": "OnAddArtifactAlias(scope={}) >> DoNothing()",
    "Conditions on versions": "{event}(scope=train, filter={}) >> DoNothing()",
    "Conditions on metrics": "OnRunMetric(scope=train, filter={}) >> DoNothing()",
    "Conditions on runs": 'OnRunState(scope=train, filter=RunEvent.state.eq("failed") & ({})) >> DoNothing()',
    "Actions": "OnAddArtifactAlias(scope=train) >> {}",
}


def gql_id(kind, number):
    return b64encode(f"{kind}:{number}".encode()).decode()


class Api:
    def __init__(self):
        self.created = []

    def project(self, name, entity=None):
        assert name == "train"
        return ProjectScope(id=gql_id("Project", 101), name=name)

    def registry(self, name):
        assert name == "model"
        return RegistryScope(id=gql_id("Project", 102), full_name="wandb-registry-model")

    def artifact_collection(self, type_name, name):
        if name == "acme/train/dataset-a":
            return _ArtifactSequenceScope(id=gql_id("ArtifactCollection", 202), name=name)
        assert name == "acme-org/wandb-registry-model/resnet50"
        return _ArtifactPortfolioScope(id=gql_id("ArtifactCollection", 201), name=name)

    def team(self, name):
        assert name == "acme"
        return TeamScope(id=gql_id("Entity", 301), name=name)

    def organization(self, name):
        assert name == "acme-org"
        return OrgScope(id=gql_id("Entity", 302), name=name)

    def slack_integrations(self, entity=None):
        return iter([SlackIntegration(id=gql_id("Integration", 401), team_name="Acme", channel_name="#ml-alerts")])

    def webhook_integrations(self, entity=None):
        return iter([WebhookIntegration(id=gql_id("Integration", 402), name="relay", url_endpoint="https://relay.example")])

    def create_automation(self, automation, **fields):
        made = prepare_to_create(automation, **fields)
        self.created.append(json.loads(made.model_dump_json(by_alias=True, exclude_none=False)))


def without_blanks(value):
    if isinstance(value, dict):
        return {key: without_blanks(inner) for key, inner in value.items() if inner is not None or key in ("requestPayload", "description")}
    return value


def run(code):
    api = Api()
    wandb.Api = lambda: api
    names = {name: getattr(wandb.automations, name) for name in dir(wandb.automations)}
    exec(code, {**names, "api": api})
    (made,) = api.created
    return without_blanks(made)


page = PAGE.read_text()
recorded = {block: run(block) for block in re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)}
for section in re.split(r"^## ", page, flags=re.M)[1:]:
    heading, _, text = section.partition("\n")
    if heading not in ROWS:
        continue
    for line in re.findall(r"^\| `.*$", text, re.M):
        cell = re.split(r"(?<!\\)\|", line)[3].strip()
        if not cell.startswith("`"):
            continue
        expression = cell.strip("`").replace("\\|", "|")
        event = "OnAddArtifactTag" if "ArtifactEvent.tag" in expression else "OnAddArtifactAlias"
        automation = ROWS[heading].replace("{event}", event).replace("{}", expression)
        recorded[expression] = run(f'{SETUP}api.create_automation({automation}, name="row")')
json.dump(recorded, sys.stdout, indent=1, sort_keys=True)
print()
