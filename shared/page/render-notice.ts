import { toBranchName } from '../core/branch-name.ts';
import type { WorkloadRef } from '../core/workload.ts';
import { type Html, html } from './html.ts';
import type { Texts } from './texts.ts';

/** A branch that loses nothing on its way to an address, and one that does. */
const EXAMPLES = ['new-editor', 'Feature/Login'];

/** Renders what a visitor to no branch may want to know: what was asked for, and how addresses are made. */
export function renderNoSuchBranch(host: string, { labels, addresses }: Texts): Html {
  const rows = EXAMPLES.map((branch) => renderExample(branch, addresses.made));
  return html`<h2>${labels.asked}</h2><pre>${host}</pre>
<h2>${addresses.title}</h2><p>${addresses.text}</p>
<ul>${rows}</ul>
<p>${addresses.hashed}</p>
<h2>${labels.look}</h2><p>${addresses.look}:</p>
<pre class="command">kubectl get services | grep -e --g</pre>`;
}

/** Renders how to wake a branch that no visit wakes. */
export function renderOptedOut(ref: WorkloadRef, { labels }: Texts): Html {
  return html`<h2>${labels.wakeByHand}</h2><pre class="command">kubectl scale ${ref} --replicas=1</pre>`;
}

/** The two names stand in the sentence's places `{branch}` and `{label}`. */
function renderExample(branch: string, sentence: string): Html {
  const names: Readonly<Record<string, string>> = { '{branch}': branch, '{label}': toBranchName(branch) };
  const parts = sentence.split(/(\{\w+\})/).map((part) => {
    const name = names[part];
    return name === undefined ? html`${part}` : html`<code>${name}</code>`;
  });
  return html`<li class="example">${parts}</li>`;
}
