/**
 * The namespace of a config that declares none: the path of its file in the repository, of several files their common
 * folder, `.` at the top. A later file in the same folder does not change it.
 *
 * @param paths of the config files, relative to the top of the repository
 */
export function defaultNamespace(paths: readonly string[]): string {
  const [first = [], ...others] = [...new Set(paths)].map((path) => posixPath(path).split('/'));
  if (others.length === 0) return first.join('/') || '.';
  const folder = first.slice(0, -1);
  const end = folder.findIndex((part, i) => others.some((other) => i >= other.length - 1 || other[i] !== part));
  return (end < 0 ? folder : folder.slice(0, end)).join('/') || '.';
}

function posixPath(path: string): string {
  return path.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
}
