/**
 * Text that others wrote: names, tags, actors, messages. Marks of direction in it have no effect beyond it, and it
 * wraps anywhere, so that no value can break the page's layout.
 */
export function ForeignText({ children }: { readonly children: string }) {
  return <bdi className="foreign-text">{children}</bdi>;
}
