import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 120_000 },
});

export default defineConfig({
  test: {
    globalSetup: ['test/parts/setup.ts'],
    projects: [
      project('unit', 10_000),
      project('edge', 20_000),
      project('contract', 60_000),
      project('simulation', 120_000),
      project('e2e', 180_000),
    ],
  },
});
