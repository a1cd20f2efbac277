/** @typedef {string | number | boolean | null | undefined | ((event: any) => void)} Value */

/**
 * Make an element. Texts become text nodes, never markup: readers wrote them.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, Value>} [attributes] a function listens to the event of its name
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value)
    else set(element, name, value)
  }
  element.append(...children)
  return element
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean | null | undefined} value
 */
export function set(element, name, value) {
  if (value === false || value == null) element.removeAttribute(name)
  else element.setAttribute(name, value === true ? '' : String(value))
}

/** Write a text where it differs, hide the element where there is none. @param {HTMLElement} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text
  element.hidden = !text
}

/** @param {string} words @param {(event: any) => void} click @param {string} kind class and part */
export const button = (words, click, kind) => make('button', { type: 'button', class: kind, part: `button ${kind}`, click }, words)

/**
 * Put elements into a place in this order, moving only what stands wrong: a moved element loses the focus.
 * @param {Element} place @param {Element[]} elements
 */
export function arrange(place, elements) {
  const wanted = new Set(elements)
  for (const child of [...place.children]) if (!wanted.has(child)) child.remove()
  elements.forEach((element, i) => {
    if (place.children[i] !== element) place.insertBefore(element, place.children[i] ?? null)
  })
}

/** Random bytes in base64url. `crypto.randomUUID` is missing on pages without TLS. @param {number} bytes */
export function token(bytes) {
  const raw = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes)))
  return btoa(raw).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
}
