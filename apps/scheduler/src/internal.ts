/** For sibling packages: nothing that is not public yet. */
export {};
