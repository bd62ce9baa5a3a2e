// Thread of tests that ends at once and answers nothing.

export const nothing = undefined;
