import type { Texts } from './texts.ts';

/** What the pages say in English. */
export const ENGLISH: Texts = {
  waking: {
    title: 'Waking up',
    text: 'Nobody had been here for a while, so this branch was asleep. It is on its way.',
  },
  silent: {
    title: 'Started, but silent',
    text: 'Kubernetes calls it ready, but nothing answers on its port yet.',
  },
  ready: { title: 'Here it is', text: 'The branch is awake. Opening it now…' },
  stopped: {
    title: 'Still there?',
    text: 'To save resources, this page has stopped looking. The branch may well be awake by now.',
  },
  noSuchBranch: { title: 'No such branch', text: 'There is no branch of this name in the cluster.' },
  optedOut: {
    title: 'Switched off',
    text: 'This branch has 0 replicas and is annotated dormouse/enabled: "false", so a visit does not wake it.',
  },
  leftAsleep: {
    title: 'Asleep',
    text: 'This branch sleeps, and only an open page asks for it, which nobody has used for long. Reload the page, and it wakes.',
  },
  steps: {
    unknown: 'Kubernetes does not answer just now.',
    pod: 'Asking Kubernetes for a pod.',
    node: 'Waiting for a node with room. If the cluster has to add a machine, that takes a minute or two.',
    image: 'Pulling the image. The first pull on a node takes longest.',
    init: 'The init containers run first: migrations, downloads and the like.',
    start: 'The image is there. The containers are starting.',
    readiness: 'The application is running. Waiting for its readiness probe to pass.',
    endpoints: 'The pod is ready. Waiting for the Service to send requests to it.',
  },
  stages: {
    place: 'Find a node',
    image: 'Pull the image',
    start: 'Start the containers',
    check: 'Pass the readiness probe',
    open: 'Open the page',
  },
  marks: { done: 'done', current: 'now' },
  reasons: {
    image: {
      title: 'The image cannot be pulled',
      text: 'The registry does not hand it out. Was it built and pushed, and is its name right?',
    },
    config: {
      title: 'A container cannot be created',
      text: 'Something in its configuration is missing or wrong: often a ConfigMap, a Secret, or a key in one.',
    },
    'crash-loop': {
      title: 'It crashes when it starts',
      text: 'Kubernetes starts it again and again, with longer and longer pauses. Its log usually says why.',
    },
    quota: {
      title: 'The cluster refuses its pod',
      text: 'A quota, a limit or an admission policy of the namespace does not let it in.',
    },
    'no-service': {
      title: 'It has no Service',
      text: 'Its pod is running, but without a Service of the same name no request can reach it.',
    },
  },
  labels: {
    steps: 'Steps of the start',
    elapsed: 'Waiting for',
    usual: 'Usually takes about',
    change: 'Last change',
    asked: 'You asked for',
    container: 'Container',
    kubernetes: 'Kubernetes says',
    look: 'Look further',
    wakeByHand: 'Wake it by hand',
    again: 'Try again',
  },
  addresses: {
    title: 'How addresses are made',
    text: 'The branch’s name in lower case, with a dash for everything but letters and digits, and --g at the end.',
    made: '{branch} is at {label}',
    hashed: 'A name that lost characters gets a few more, to tell it apart.',
    look: 'Perhaps it is not deployed yet, its name has a typo, or it was deleted after the merge. See what there is',
  },
  footnote: 'Your page opens by itself as soon as the branch answers.',
  hopelessFootnote: 'Once the cause is gone, it starts by itself.',
};
