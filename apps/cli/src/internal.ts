/** For the tests: what `troupe up` says. */
export { eventText, readyText } from './commands/up-text.ts';
