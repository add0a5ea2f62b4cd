type Child = Node | string | undefined;

/**
 * Makes an element.
 * @param attributes set as attributes; undefined leaves one out, and text is text, never markup
 */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(attribute, value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/**
 * An element of the page by its id.
 * @throws {TypeError} when the page has none
 */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new TypeError(`The page has no element #${id}.`);
  return element;
}

/** Writes text only when it differs, so that nothing is painted or read out for nothing. */
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Lets the keyboard reach a part that scrolls: not every browser does, where it holds nothing to focus. */
export function letKeyboardScroll(scroller: HTMLElement): void {
  if (scroller.scrollHeight > scroller.clientHeight) scroller.tabIndex = 0;
  else scroller.removeAttribute('tabindex');
}

const wide = '(min-width: 46rem)';

/** Whether there is room to show everything. */
export function isWide(): boolean {
  return matchMedia(wide).matches;
}

/** Closes on a narrow screen what stands open on a wide one: there it would be a page of many screens. */
export function foldOnPhones(): void {
  for (const fold of document.querySelectorAll<HTMLDetailsElement>('details.fold')) fold.open = isWide();
}

/** Says something to screen readers, once, without moving anything. */
export function announce(text: string): void {
  byId('announcement').textContent = text;
}
