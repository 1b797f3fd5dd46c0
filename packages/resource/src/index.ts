/** Resource kinds, their life-cycle machine and the store port. */
export {};
