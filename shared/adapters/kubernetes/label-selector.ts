import type { V1LabelSelector } from '@kubernetes/client-node';
import { ClusterError } from '../../ports.ts';

type Requirement = { readonly key: string; readonly operator: string; readonly values?: readonly string[] };

/**
 * Writes a workload's selector as a list call wants it: `app=web,tier in (a,b),!canary`.
 *
 * @throws ClusterError for an operator that Kubernetes did not have when this was written
 */
export function labelSelectorText({ matchLabels = {}, matchExpressions = [] }: V1LabelSelector): string {
  const equalities = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...equalities, ...matchExpressions.map(requirementText)].join(',');
}

function requirementText({ key, operator, values = [] }: Requirement): string {
  switch (operator) {
    case 'In':
      return `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      throw new ClusterError(`unknown operator ${operator} in a label selector`);
  }
}
