/** For sibling packages: limits and the drawing, for definitions and documents. */
export { drawLifeCycle, tabulateFamilies, tabulateStates, tabulateTransitions } from './drawing.ts';
export { checkFields } from './limits.ts';
