// For lists whose order does not matter: sorted by what their items are as JSON.

export function sorted<Item>(items: Iterable<Item>): Item[] {
  const key = (item: Item) => JSON.stringify(item);
  return [...items].toSorted((one, other) =>
    key(one) < key(other) ? -1 : Number(key(one) > key(other)),
  );
}
