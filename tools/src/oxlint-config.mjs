/**
 * Writes .oxlintrc.json, so that an editor shows what CI will say: the layer table as import bans, and time and chance kept behind their ports.
 * `node tools/src/oxlint-config.mjs` after a change of tools/layers.json; a test holds the file equal to this.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLayers, root, scope } from './layers.mjs';

const timeAndChance = {
  'no-restricted-globals': [
    'error',
    ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({ name, message: 'Time comes through the Clock port.' })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'Time comes through the Clock port.' },
    { object: 'performance', property: 'now', message: 'Time comes through the Clock port.' },
    { object: 'Math', property: 'random', message: 'Chance comes through the Random port.' },
  ],
};

/** @param {Record<string, import('./layers.mjs').Layer>} layers */
export function oxlintConfig(layers = readLayers()) {
  return {
    $schema: './node_modules/oxlint/configuration_schema.json',
    plugins: ['typescript', 'unicorn', 'oxc', 'import'],
    categories: { correctness: 'error' },
    rules: {
      'import/no-cycle': 'error',
      'import/no-default-export': 'error',
      'max-lines': ['error', { max: 400 }],
      // what must not reach a terminal is matched where it is taken out
      'no-control-regex': 'off',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'typescript/no-explicit-any': 'error',
      // a field of stored data may be called so; it is no function
      'unicorn/no-thenable': 'off',
      // a copy is walked where the walk changes the original
      'unicorn/no-useless-spread': 'off',
    },
    ignorePatterns: ['**/dist/**', '**/dist-test/**', '**/coverage/**'],
    overrides: [
      { files: ['packages/*/src/**'], excludeFiles: ['**/*clock*', '**/*random*'], rules: timeAndChance },
      ...Object.entries(layers).map(([name, layer]) => ({
        files: [`${layer.dir}/src/**`],
        rules: { 'no-restricted-imports': bans(name, layers) },
      })),
      // mocha asks for a default export there
      { files: ['test-infra/src/ci-reporter.mjs'], rules: { 'import/no-default-export': 'off' } },
    ],
  };
}

/** @param {string} name @param {Record<string, import('./layers.mjs').Layer>} layers */
function bans(name, layers) {
  const layer = /** @type {import('./layers.mjs').Layer} */ (layers[name]);
  const forbidden = Object.keys(layers).filter((other) => !layer.imports.includes(other));
  const patterns = [
    {
      group: forbidden.flatMap((other) => [`${scope}/${other}`, `${scope}/${other}/*`]),
      message: `${name} may import ${layer.imports.join(', ') || 'no other package'} (tools/layers.json).`,
    },
    { group: [`${scope}/*/**`, `!${scope}/*/internal`], message: 'A package has two doors: its name and /internal.' },
  ];
  if (!layer.nats) patterns.push({ group: ['@nats-io/*', 'nats'], message: 'Only adapters and mains know NATS.' });
  if (!layer.database) patterns.push({ group: ['pg'], message: 'Only the adapter knows the database driver.' });
  return ['error', { patterns }];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, '.oxlintrc.json'), `${JSON.stringify(oxlintConfig(), null, 2)}\n`);
}
