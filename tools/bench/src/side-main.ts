/** The program of one side: runs it once, hands its result to the parent, and ends, whatever still runs in it. */
import type { Result, Side, SideContext, SideRef } from './scenario.ts';

const { side, context } = JSON.parse(process.argv[2]!) as { side: SideRef; context: SideContext };
process.on('disconnect', () => process.exit(1));
const exported = (await import(`./sides/${side.module}.js`)) as Record<string, Side>;
const result: Result = await exported[side.run]!(context);
process.send!(result, () => process.exit(0));
