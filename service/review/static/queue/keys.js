import { step } from './cards.js'
import { decide } from './decide.js'
import { byId, end, list, say } from './page.js'
import { queueUndo } from './undo.js'

const STORED = 'parley-keys'
const help = /** @type {HTMLDialogElement} */ (byId('help'))
const keys = /** @type {HTMLInputElement} */ (byId('keys'))

/** WCAG 2.1.4: a single key acts only in the list or where nothing has the focus, and can be switched off. */
function keysAreWanted(/** @type {KeyboardEvent} */ event) {
  if (!keys.checked || help.open || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false
  const at = /** @type {HTMLElement} */ (event.target)
  if (at.closest('input:not([type=checkbox]), textarea, select, [contenteditable]')) return false
  return at === document.body || at === document.documentElement || list.contains(at) || end.contains(at)
}

document.addEventListener('keydown', (event) => {
  if (!keysAreWanted(event)) return
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const card = /** @type {HTMLElement | null} */ (document.activeElement?.closest('.card') ?? null)
  if (key === 'j') step(1)
  else if (key === 'k') step(-1)
  else if (key === '?') help.showModal()
  else if (!['a', 'r', 'z'].includes(key)) return
  else if (event.repeat) return // a key held down must not decide the whole queue
  else if (key === 'z') queueUndo()
  else if (card) decide(card, key === 'a' ? 'approve' : 'reject')
  else say('Choose a comment first, with j.')
  event.preventDefault()
})

byId('open-help').addEventListener('click', () => help.showModal())

/** Remember the switch on this device, where the browser lets us. */
function remember() {
  try {
    localStorage.setItem(STORED, keys.checked ? 'on' : 'off')
  } catch {
    // Private windows may refuse: the switch then holds for this page only.
  }
}
try {
  keys.checked = localStorage.getItem(STORED) !== 'off'
} catch {
  keys.checked = true
}
keys.addEventListener('change', remember)

for (const hidden of document.querySelectorAll('.needs-script')) hidden.removeAttribute('hidden')
