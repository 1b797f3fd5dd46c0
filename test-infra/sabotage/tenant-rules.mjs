/** Rules of tenants and backups of the OpenStack app, in the form that `rules.mjs` explains. */
export const tenantRules = [
  {
    name: 'a project that is looked for by nothing',
    file: 'apps/openstack/src/backend/projects.ts',
    find: '          return projects.find(({ tags }) => tags.includes(tokenTag(token)));',
    replace: '          return projects.find(({ id }) => id === token);',
    package: 'apps/openstack',
    test: 'C1 F14 S25: a retry of the first step picks no other name and makes no second project',
    spec: 'test/app/tenant-create.test.ts',
  },
  {
    name: 'a group that rests with its tenant only',
    file: 'apps/openstack/src/app/executors/tenant-create.ts',
    find: "            transition(SecurityGroup.ref(id), 'setOk'),",
    replace: '',
    package: 'apps/openstack',
    test: 'C1 F14: a group that is ready stays OK when a later one fails',
    spec: 'test/app/tenant-create.test.ts',
  },
  {
    name: 'a delete of a tenant that removes what everybody has',
    file: 'apps/openstack/src/backend/networks.ts',
    find: '    return (await list(collection, { project_id: projectId }, options)).filter((object) => object.projectId === projectId);',
    replace: '    return list(collection, { some: projectId }, options);',
    package: 'apps/openstack',
    test: 'C1 F15: the steps are those of the family, in order; nothing is left of the project, and what others have is untouched',
    spec: 'test/app/tenant-delete.test.ts',
  },
  {
    name: 'a delete of a tenant with a deadline of its own',
    file: 'apps/openstack/src/app/executors/tenant-delete.ts',
    find: "    name: 'openstack.tenant.delete',\n",
    replace: "    name: 'openstack.tenant.delete',\n    deadline: '120m',\n",
    package: 'apps/openstack',
    test: 'C1 F15 S78: the deadline of the operation is not before those of its three polls together',
    spec: 'test/app/tenant-delete.test.ts',
  },
];
