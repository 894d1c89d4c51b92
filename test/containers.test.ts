import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Copy, DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

const ROOT = join(import.meta.dirname, '..');

/** hadolint's most important rules (its wiki: DL3000 and so on), without a Docker engine. */
describe('the Dockerfile', () => {
  const dockerfile = DockerfileParser.parse(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));
  const instructions = dockerfile.getInstructions();
  const final = instructions.slice(instructions.findLastIndex((each) => each.getKeyword() === 'FROM'));
  const named = (keyword: string, among: readonly Instruction[] = instructions) => among.filter((each) => each.getKeyword() === keyword);
  const textOf = (each: Instruction | undefined) => each?.getArgumentsContent() ?? '';
  const wordsOf = (each: Instruction) => each.getArguments().map((argument) => argument.getValue());

  test('starts from images with a tag that is not "latest", and has a stage of its own for building', () => {
    const images = dockerfile.getFROMs().map((from) => from.getImage() ?? '');

    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/^[\w./-]+:(?!latest$)[\w.-]+$/);
  });

  test('does not end as root, and says so by number', () => {
    expect(wordsOf(named('USER', final).at(-1)!)).toEqual(['1000:1000']);
  });

  test('starts without a shell, so that SIGTERM arrives at Node', () => {
    for (const keyword of ['ENTRYPOINT', 'CMD']) {
      expect(named(keyword, final)).toHaveLength(1);
      expect((named(keyword, final)[0] as JSONInstruction).getOpeningBracket()).not.toBeNull();
    }
    expect(JSON.parse(textOf(named('ENTRYPOINT', final)[0]))[0]).toBe('node');
    expect(textOf(named('HEALTHCHECK', final)[0])).toMatch(/CMD \["node", .*\/healthz/s);
  });

  test('installs nothing in the final image', () => {
    for (const run of named('RUN', final)) expect(textOf(run)).not.toMatch(/\b(npm (ci|i|install)|apt(-get)?|curl|wget|pip)\b/);
    expect(named('ADD')).toEqual([]);
  });

  test('installs from the lock file before the sources are copied, so that the layer is kept', () => {
    const texts = instructions.map((each) => `${each.getKeyword()} ${textOf(each)}`);
    const install = texts.findIndex((text) => text.startsWith('RUN npm ci'));

    expect(texts.findIndex((text) => /^COPY .*package-lock\.json/.test(text))).toBeLessThan(install);
    expect(texts.findIndex((text) => text.startsWith('COPY src'))).toBeGreaterThan(install);
  });

  test('works in absolute folders, and holds no secret', () => {
    for (const workdir of named('WORKDIR')) expect(textOf(workdir)).toMatch(/^\//);
    for (const set of [...named('ENV'), ...named('ARG')]) expect(textOf(set)).not.toMatch(/TOKEN|SECRET|KEY|PASSWORD/);
  });

  test('copies what there is, and what .dockerignore lets through', () => {
    const ignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    const letThrough = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const copied = named('COPY')
      .filter((copy) => (copy as Copy).getFromFlag() === null)
      .flatMap((copy) => wordsOf(copy).slice(0, -1));

    expect(ignore).toContain('*');
    for (const path of copied) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      expect(letThrough).toContain(path);
    }
    expect(letThrough.toSorted()).toEqual([...new Set(copied)].toSorted());
  });
});

describe('the example for Kubernetes', () => {
  const documents = parseAllDocuments(readFileSync(join(ROOT, 'examples/kubernetes/wandb-relay.yaml'), 'utf8'));
  const objects = documents.map((document) => document.toJS() as { kind: string; spec: Record<string, unknown> });
  const models: Readonly<Record<string, new (data: never) => { validate(): void }>> = { Deployment, Service, PodDisruptionBudget };

  test("is valid by Kubernetes' own schemas", () => {
    expect(objects.map(({ kind }) => kind)).toEqual(['Deployment', 'Service', 'PodDisruptionBudget']);
    for (const object of objects) new models[object.kind]!(object as never).validate();
  });

  // What the schemas do not find are fields that do not exist.
  test('would not be, with a field of the wrong kind or without one that must be there', () => {
    const wrong = structuredClone(objects[0]!);
    wrong.spec.replicas = 'two';
    expect(() => new Deployment(wrong as never).validate()).toThrow(/replicas/);
    const { selector: _, ...without } = objects[0]!.spec;
    expect(() => new Deployment({ ...objects[0], spec: without } as never).validate()).toThrow(/selector/);
  });

  test('keeps one of two replicas up, runs as nobody special, and asks the right addresses', () => {
    const [deployment, service, budget] = objects.map(({ spec }) => spec);
    const pod = (deployment as { template: { spec: Record<string, never> } }).template.spec;

    expect(deployment).toMatchObject({ replicas: 2, strategy: { rollingUpdate: { maxUnavailable: 0 } } });
    expect(budget).toMatchObject({ minAvailable: 1, selector: deployment?.selector });
    expect({ matchLabels: service?.selector }).toEqual(deployment?.selector);
    expect(pod).toMatchObject({
      securityContext: { runAsNonRoot: true, runAsUser: 1000 },
      containers: [
        {
          env: [{ name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'wandb-relay', key: 'DATABASE_URL' } } }],
          envFrom: [{ secretRef: { name: 'wandb-relay' } }],
          readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
          livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
          resources: { requests: { memory: expect.any(String) }, limits: { memory: expect.any(String) } },
          securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    });
  });
});
