/** Operations: plans and the entity that supervises them. */
export {};
