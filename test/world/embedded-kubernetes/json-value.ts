/** Whether two JSON values are the same; an absent field and an undefined one are. */
export function isDeepEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left) || Array.isArray(right)) return isSameList(left, right);
  return isJsonObject(left) && isJsonObject(right) && isSameObject(left, right);
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSameList(left: unknown, right: unknown): boolean {
  if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
  return left.every((item, index) => isDeepEqual(item, right[index]));
}

function isSameObject(left: JsonObject, right: JsonObject): boolean {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const name of names) if (!isDeepEqual(left[name], right[name])) return false;
  return true;
}
