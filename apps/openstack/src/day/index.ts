/** `npm start -- --day`: a day of a broker, compressed, with all that the clock starts, beside users who must not notice. */
import { TroupeError } from '@troupe/protocol';
import type { App } from '@troupe/runtime';
import type { Installation } from '../demo/installation.ts';
import { dayApp, type DayTally } from './app.ts';
import { dayEntries } from './entries.ts';
import { createDayModel, dayDefaults } from './model.ts';
import { createDayProviders } from './providers.ts';
import { describeDay, isGoodDay } from './report.ts';
import { runDay } from './run.ts';

export interface Day {
  readonly extend: (app: App) => App;
  /** Prints what it comes to; resolves with whether it was a good day. */
  readonly run: (installation: Installation) => Promise<boolean>;
}

/** How often users go through all they do before the day. */
const ALONE = 4;

/** From what was typed. Throws `invalid_options`. */
export function dayOf({ factor, tenants }: { readonly factor?: string | undefined; readonly tenants?: string | undefined }): Day {
  const options = {
    ...dayDefaults,
    factor: wholeNumber('factor', factor, dayDefaults.factor),
    tenants: wholeNumber('tenants', tenants, dayDefaults.tenants),
  };
  const model = createDayModel(options);
  const providers = createDayProviders(model);
  let tally: DayTally;
  return {
    extend(base) {
      const extended = dayApp(base, model, providers);
      tally = extended.tally;
      return extended.app;
    },
    async run(installation) {
      const seconds = Math.round(model.dayMs / 1_000);
      const broker = `${dayEntries.length} schedules, ${model.tenants} tenants of ${model.providers} providers, of which one is down for 10 min at noon`;
      console.log(`a day in ${seconds} s (÷ ${model.factor}), after users have been measured alone: ${broker}\n`);
      const report = await runDay(installation, model, { tally, providers }, ALONE);
      console.log(describeDay(model, report));
      return isGoodDay(report);
    },
  };
}

function wholeNumber(name: string, value: string | undefined, usual: number): number {
  const n = value === undefined ? usual : Number(value);
  if (!Number.isInteger(n) || n < 1) throw new TroupeError('invalid_options', `--${name} must be a whole number`, { field: name });
  return n;
}
