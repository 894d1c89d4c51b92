import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [
    cloudflareTest({
      main: './test/worker/main.ts',
      miniflare: {
        compatibilityDate: '2026-10-01',
        compatibilityFlags: ['nodejs_compat'],
        durableObjects: { BARE: { className: 'BareObject', useSQLite: true } },
      },
    }),
  ],
  test: { include: ['test/worker/**/*.test.ts'], reporters: ['default', './test/closing-line.ts'], testTimeout: 30_000 },
});
