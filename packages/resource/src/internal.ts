/** For sibling packages: limits and the drawing, for definitions and documents. */
export { drawLifeCycle } from './drawing.ts';
export { checkFields } from './limits.ts';
