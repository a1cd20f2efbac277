/**
 * Colours that can be read where an element stands. A page makes itself dark in many ways, by a class for example,
 * and tells nobody of it: so its own colour and background are looked at, now and whenever they change.
 *
 * @typedef {number[]} Colour red, green and blue from 0 to 255
 */

// WCAG 2.2: of a text and what is behind it (1.4.3), of the edge of a control (1.4.11).
const READABLE = 4.5
const VISIBLE = 3
const BLACK = [0, 0, 0]
const WHITE = [255, 255, 255]

/** @param {Colour} colour */
function luminance(colour) {
  const [r = 0, g = 0, b = 0] = colour.map((n) => (n <= 10 ? n / 3294 : ((n / 255 + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
}

/** @param {Colour} a @param {Colour} b */
export function contrast(a, b) {
  const ratio = luminance(a) / luminance(b)
  return Math.max(ratio, 1 / ratio)
}

/** @param {Colour} a @param {Colour} b @param {number} share of the second @returns {Colour} */
const mix = (a, b, share) => a.map((n, i) => Math.round(n + ((b[i] ?? 0) - n) * share))

/** Black or white, whichever stands out. @param {Colour} ground */
const pole = (ground) => (contrast(WHITE, ground) > contrast(BLACK, ground) ? WHITE : BLACK)

/**
 * Our colours for a text colour and a background of the page; each text can be read on `field` and on `shade`.
 * @param {Colour} text @param {Colour} field
 * @returns {Record<string, Colour>}
 */
export function palette(text, field) {
  const far = pole(field)
  let shade = mix(field, far, 0.06)
  if (contrast(far, shade) < READABLE) shade = field
  /** Make a colour darker or lighter as far as it has to be. @param {Colour} colour */
  const seen = (colour, ratio = READABLE) => {
    let found = colour
    for (let step = 1; step < 21 && contrast(found, shade) < ratio; step++) found = mix(colour, far, step / 20)
    return found
  }
  /** @param {Colour} light on a light page @param {Colour} dark */
  const either = (light, dark) => seen(far === WHITE ? dark : light)
  const ink = seen(text)
  const accent = either([20, 80, 158], [156, 195, 255])
  return {
    text: ink,
    field,
    shade,
    accent,
    muted: seen(mix(ink, field, 0.3)),
    line: mix(field, ink, 0.16),
    edge: seen(mix(field, ink, 0.5), VISIBLE),
    'on-accent': pole(accent),
    wait: either([104, 68, 0], [255, 219, 148]),
    bad: either([176, 24, 34], [255, 160, 156])
  }
}

/** What a computed colour says: red, green, blue, and how opaque it is. @param {string} text @param {HTMLElement} gauge */
function read(text, gauge) {
  // oklch() and its kin: a browser that knows them can turn them into sRGB.
  for (const one of [text, `color-mix(in srgb, ${text}, ${text})`]) gauge.style.color = one
  const found = getComputedStyle(gauge).color
  const [r = 0, g = 0, b = 0, alpha = 1] = (found.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number)
  const unit = /^rgb/.test(found) ? 1 : 255
  return { colour: [r, g, b].map((n) => Math.min(255, Math.max(0, n * unit))), alpha }
}

/** An element and all that are around it on the screen. @param {any} at */
function around(at) {
  /** @type {Element[]} */
  const found = []
  for (; at; at = at.assignedSlot ?? at.parentElement ?? at.parentNode?.host) found.push(at)
  return found
}

/**
 * The page's text colour and the background where an element stands.
 * @param {Element} host @param {HTMLElement} gauge an element of ours that shows nothing
 * @returns {[Colour, Colour]}
 */
export function look(host, gauge) {
  const layers = []
  let doubt = 2
  for (const one of around(host)) {
    const { backgroundColor, backgroundImage } = getComputedStyle(one)
    const layer = read(backgroundColor, gauge)
    layers.unshift(layer)
    if (backgroundImage !== 'none') doubt = READABLE
    if (layer.alpha === 1) {
      if (doubt < READABLE) doubt = 0
      break
    }
  }
  let ground = mix(WHITE, read('Canvas', gauge).colour, 1)
  for (const { colour, alpha } of layers) ground = mix(ground, colour, alpha)
  const { colour, alpha } = read(getComputedStyle(host).color, gauge)
  const text = mix(ground, colour, alpha)
  // On a picture, or on a layer that is none of those around us, the page's own text tells what is behind it.
  return [text, alpha && contrast(text, ground) < doubt ? pole(text) : ground]
}

/**
 * Paint an element's parts, and again when the page may look otherwise.
 * @param {Element} host
 * @param {import('./view.js').View} view
 * @param {AbortSignal} signal ends it
 */
export function tint(host, view, signal) {
  let last = ''
  let timer = 0
  const paint = () => {
    if (signal.aborted || !host.isConnected) return
    const [text, ground] = look(host, view.gauge)
    let style = `color-scheme:${pole(ground) === WHITE ? 'dark' : 'light'}`
    for (const [name, colour] of Object.entries(palette(text, ground))) {
      style += `;--${name}:var(--parley-${name},rgb(${colour}))`
    }
    if (style !== last) view.paint((last = style))
  }
  // Again after a while: until then the page may fade from one look to another.
  const soon = () => {
    requestAnimationFrame(paint)
    clearTimeout(timer)
    timer = setTimeout(paint, 600)
  }
  const watch = new MutationObserver(soon)
  for (const one of around(host)) watch.observe(one, { attributes: true })
  signal.addEventListener('abort', () => watch.disconnect())
  // Whatever changes the inherited colour, a style sheet that comes late too, starts the probe's transition.
  view.probe.addEventListener('transitionrun', soon, { signal })
  paint()
  return soon
}
