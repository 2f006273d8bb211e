import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith, partPath } from '../../parts/part.ts';
import { openTerraform, type Terraform, type TerraformModule } from '../../world/terraform.ts';

const MODULES: readonly TerraformModule[] = [
  '.',
  'staging-proxy',
  'examples/complete',
  'examples/existing-nginx',
];
const TEST_TIMEOUT_MS = 600_000;

describeWith(['terraform', 'terraform-providers'], 'the Terraform modules', () => {
  let terraform: Terraform;
  beforeAll(() => {
    terraform = openTerraform(partPath('terraform-providers'));
  });
  afterAll(() => terraform.close());

  test('are written as terraform fmt would', async () => {
    expect(await terraform.run('.', 'fmt', '-check', '-recursive', '-diff', '-no-color')).toEqual({
      code: 0,
      output: '',
    });
  });

  test.each(MODULES)('are valid: %s', async (module) => {
    const { output } = await terraform.run(module, 'validate', '-no-color');
    expect(output).toContain('The configuration is valid.');
  });

  test.each(MODULES)('pass their own tests: %s', { timeout: TEST_TIMEOUT_MS }, async (module) => {
    const { code, output } = await terraform.run(module, 'test', '-no-color');
    expect(code, output).toBe(0);
    expect(output).toMatch(/Success! \d+ passed, 0 failed\./);
  });
});
