import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 120_000 },
});

/** Only these run against real parts, which are looked for, and installed, before the first of them. */
const projectOnParts = (name: string, testTimeout: number) => {
  const { extends: root, test } = project(name, testTimeout);
  return { extends: root, test: { ...test, globalSetup: ['test/parts/setup.ts'] } };
};

export default defineConfig({
  test: {
    projects: [
      project('unit', 10_000),
      project('edge', 20_000),
      projectOnParts('contract', 60_000),
      project('simulation', 120_000),
      project('mutation', 120_000),
      projectOnParts('e2e', 180_000),
    ],
  },
});
