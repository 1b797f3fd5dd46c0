import { cloudFlags, parseCloudFlags, startCloud } from './cloud/index.ts';

/** Runs the simulated cloud by itself, until SIGINT or SIGTERM. */
async function main(): Promise<void> {
  const { help, options } = parseCloudFlags(process.argv.slice(2));
  if (help) {
    const flags = Object.entries(cloudFlags).map(([name, meaning]) => `  --${name.padEnd(16)} ${meaning}`);
    process.stdout.write(`A simulated OpenStack cloud.\n\n${flags.join('\n')}\n`);
    return;
  }
  const cloud = await startCloud(options);
  const environment = {
    OS_AUTH_URL: cloud.authUrl,
    OS_IDENTITY_API_VERSION: '3',
    OS_USERNAME: 'demo',
    OS_PASSWORD: 'demo',
    OS_PROJECT_NAME: 'demo',
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_REGION_NAME: 'RegionOne',
  };
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${value}`);
  process.stdout.write(`Simulated cloud on ${cloud.url}\n${exports.join('\n')}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void cloud.stop());
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
