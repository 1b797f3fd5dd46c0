/** Traps of families of the OpenStack app, in the form that `rules.mjs` explains. */
export const familyRules = [
  {
    name: 'an extension that forgets the machine it has taken',
    file: 'apps/openstack/src/app/executors/volume-change.ts',
    find: "family: 'action' as const }]),",
    replace: "family: 'action' as const, ends: { failed: 'ok' as const } }]),",
    package: 'apps/openstack',
    test: 'C1 F3 trap S60: a failure after the detach, which has erased the link, leaves neither volume nor instance UPDATING',
    spec: 'test/app/volume-extend.test.ts',
  },
  {
    name: 'a retype that is looked at at once',
    file: 'apps/openstack/src/app/executors/volume-change.ts',
    find: ', after(pace.retypeDelay)',
    replace: '',
    package: 'apps/openstack',
    test: 'C1 F4 S37 trap: the first look waits, for right after the call the volume may still show the state that is waited for',
    spec: 'test/app/volume-change.test.ts',
  },
  {
    name: 'a restore under a token of a snapshot',
    file: 'apps/openstack/src/app/executors/snapshot.ts',
    find: 'need: { volume: 1 }',
    replace: 'need: { snapshot: 1 }',
    package: 'apps/openstack',
    test: 'C1 F5 trap: a restore takes a token of a volume, not one of a snapshot',
    spec: 'test/app/snapshot.test.ts',
  },
  {
    name: 'a resize that nobody takes back',
    file: 'apps/openstack/src/app/executors/instance-resize.ts',
    find: "            step('revert', tasks.revertResize, server),\n            look('reverted', ['ACTIVE', 'SHUTOFF']),\n",
    replace: '',
    package: 'apps/openstack',
    test: 'C1 F8 trap S61: a failure between resize and confirm takes the resize back: the machine is what it was',
    spec: 'test/app/instance-resize.test.ts',
  },
];
