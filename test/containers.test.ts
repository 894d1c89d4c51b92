import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Copy, DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { temporaryFolder } from './stand-ins/temporary-folder.ts';

const execFileAsync = promisify(execFile);
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
  const models: Readonly<Record<string, new (data: never) => { validate(): void }>> = {
    Deployment,
    Service,
    PodDisruptionBudget,
    NetworkPolicy,
  };

  test("is valid by Kubernetes' own schemas", () => {
    expect(objects.map(({ kind }) => kind)).toEqual(['Deployment', 'Service', 'PodDisruptionBudget', 'NetworkPolicy']);
    for (const object of objects) new models[object.kind]!(object as never).validate();
  });

  test('would not be, with a field of the wrong kind or without one that must be there', () => {
    const wrong = structuredClone(objects[0]!);
    wrong.spec.replicas = 'two';
    expect(() => new Deployment(wrong as never).validate()).toThrow(/replicas/);
    const { selector: _, ...without } = objects[0]!.spec;
    expect(() => new Deployment({ ...objects[0], spec: without } as never).validate()).toThrow(/selector/);
  });

  // The schemas do not find fields that do not exist; the types do.
  test("has no field that Kubernetes' own types do not have", async () => {
    const modules: Readonly<Record<string, string>> = {
      Deployment: 'apps/v1/Deployment',
      Service: 'v1/Service',
      PodDisruptionBudget: 'policy/v1/PodDisruptionBudget',
      NetworkPolicy: 'networking.k8s.io/v1/NetworkPolicy',
    };
    const folder = temporaryFolder();
    const check = async (which: readonly object[]): Promise<string> => {
      const text = which.map((object, index) => {
        const { kind } = object as { kind: string };
        return `import type { I${kind} as I${index} } from '${join(ROOT, 'node_modules/kubernetes-models', modules[kind]!)}';\nexport const object${index}: I${index} = ${JSON.stringify(object)};`;
      });
      writeFileSync(join(folder, 'manifest.ts'), text.join('\n'));
      const words = [
        '--ignoreConfig',
        '--noEmit',
        '--strict',
        '--skipLibCheck',
        '--module',
        'nodenext',
        '--types',
        '',
        join(folder, 'manifest.ts'),
      ];
      return execFileAsync(join(ROOT, 'node_modules/.bin/tsc'), words).then(
        () => '',
        (error: { stdout: string }) => error.stdout,
      );
    };
    expect(await check(objects)).toBe('');
    const typo = structuredClone(objects[0]!) as { spec: Record<string, unknown> };
    typo.spec.replica = 2;
    expect(await check([typo])).toMatch(/replica"' does not exist in type 'IDeploymentSpec'/);
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

describe('the example for Docker Compose', () => {
  const { services, volumes } = parse(readFileSync(join(ROOT, 'examples/compose.yaml'), 'utf8')) as Record<string, Record<string, never>>;

  test('restarts, has a read-only root and no rights, and waits long enough for a stop', () => {
    expect(services).toMatchObject({
      'wandb-relay': {
        restart: 'unless-stopped',
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        stop_grace_period: '15s',
        volumes: expect.arrayContaining(['data:/data']),
        ports: [expect.stringMatching(/^127\.0\.0\.1:/)],
      },
    });
    expect(Object.keys(volumes ?? {})).toEqual(['data']);
  });
});

describe('the workflows of this repository', () => {
  const files = ['ci.yml', 'release.yml'].map((name) => [name, readFileSync(join(ROOT, '.github/workflows', name), 'utf8')] as const);

  test.each(files)('%s: each job has a time limit, and no job more rights than it says', (_name, text) => {
    const workflow = parse(text) as {
      permissions: object;
      jobs: Record<string, { 'timeout-minutes'?: number; steps: { uses?: string }[] }>;
    };
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(workflow.jobs)) {
      expect(job['timeout-minutes']).toBeGreaterThan(0);
      for (const { uses } of job.steps) if (uses !== undefined) expect(uses).toMatch(/^[\w.-]+\/[\w./-]+@(v\d+|[0-9a-f]{40})$/);
    }
  });

  test('Dependabot keeps all of it up to date', () => {
    const { updates } = parse(readFileSync(join(ROOT, '.github/dependabot.yml'), 'utf8')) as { updates: { 'package-ecosystem': string }[] };
    expect(updates.map((one) => one['package-ecosystem'])).toEqual(['npm', 'github-actions', 'docker']);
  });
});
