/** The key-value side of a Durable Object's storage, beside the database (Cloudflare documentation, "SQLite-backed Durable Object Storage"). */
export interface KeyValues {
  get<T>(key: string): Promise<T | undefined>;
  put(key: string, value: unknown): Promise<void>;
  delete(keys: string[]): Promise<number>;
  list<T>(options: { readonly prefix: string; readonly limit: number }): Promise<Map<string, T>>;
}
