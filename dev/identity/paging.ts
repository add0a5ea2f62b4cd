export type Page = { page: number; perPage: number };

/** @throws Error in the words of Go's number parser */
export function readPage(query: URLSearchParams): Page {
  return { page: readCount(query.get('page')) || 1, perPage: readCount(query.get('per_page')) || 50 };
}

/** @throws Error in GoTrue's words when the sort is by anything but `created_at asc` or `created_at desc` */
export function readSort(query: URLSearchParams): 'asc' | 'desc' {
  const [field, direction = 'desc'] = (query.get('sort') ?? 'created_at').split(' ');
  if (field !== 'created_at') throw new Error(`bad field for sort '${field}'`);
  const lower = direction.toLowerCase();
  if (lower === 'asc' || lower === 'desc') return lower;
  throw new Error(`bad direction for sort '${direction}', only 'asc' and 'desc' allowed`);
}

/** The `Link` header (RFC 8288) of one page of a list. */
export function pageLinks(url: URL, { page, perPage }: Page, total: number): string {
  const last = Math.ceil(total / perPage);
  const links = [];
  if (page < last) links.push(link(url, page + 1, 'next'));
  if (page > 1) links.push(link(url, page - 1, 'prev'));
  links.push(link(url, last, 'last'));
  return links.join(', ');
}

function link(url: URL, page: number, relation: string): string {
  const query = new URLSearchParams(url.searchParams);
  query.set('page', String(page));
  query.sort();
  return `<${url.pathname}?${query}>; rel="${relation}"`;
}

function readCount(text: string | null): number {
  if (!text) return 0;
  if (!/^\d+$/.test(text))
    throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
