/** So many different sets are compared with. The runs of a project log a few kinds of rows. */
const MOST_SETS = 16;

/** Gives equal lists of names the same set: ten thousand runs that log the same five thousand metrics need one, not ten thousand. */
export function sharedSets(): (names: readonly string[]) => ReadonlySet<string> {
  // The one that was used last comes first.
  let recent: ReadonlySet<string>[] = [];
  return (names) => {
    const found = recent.find((set) => set.size === names.length && names.every((name) => set.has(name))) ?? new Set(names);
    if (recent[0] !== found) recent = [found, ...recent.filter((set) => set !== found)].slice(0, MOST_SETS);
    return found;
  };
}
