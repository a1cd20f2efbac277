import { make } from './dom.js'

/**
 * The look. A page changes it by `--parley-*` and `::part`; other colours are those of the page (tint.js). What a page sets
 * for its own texts ends at `.all`, but for size, visibility and what is around: a page may hide us or shut us off.
 */
const LOOK = `
:host { display: block }
:host([hidden]), [hidden] { display: none !important }
.all {
  all: initial;
  display: block;
  inline-size: 100%;
  container-type: inline-size;
  unicode-bidi: isolate;
  visibility: inherit;
  pointer-events: inherit;
  color: var(--text);
  font-family: var(--parley-font, system-ui, sans-serif);
  font-size: max(13px, var(--parley-font-size, 1em));
  line-height: 1.5;
  -webkit-user-select: text;
  user-select: text;
}
.probe { position: absolute; visibility: hidden; transition: color 1ms }
* { box-sizing: border-box }
h2, p, ol, ul { margin: 0; padding: 0 }
ol { list-style: none }
h2 { font-size: 1.25em; line-height: 1.3 }
header { display: flex; flex-wrap: wrap; gap: .25em 1em; align-items: center; justify-content: space-between; margin-block-end: .75em }
:focus { outline: none }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.unseen, form:not(.open) > label {
  position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap
}
.note, label, .head, .left, .sort { color: var(--muted); font-size: .875em }
button, input, select, textarea { font: inherit; color: inherit; border-radius: var(--parley-radius, 6px) }
input, select, textarea { font-size: max(16px, 1em); background: var(--field); border: 1px solid var(--edge); padding: .3em .5em; min-block-size: 2.25em }
textarea { display: block; inline-size: 100%; padding: .6em .75em; min-block-size: 2.9em; max-block-size: 60vh; resize: vertical; field-sizing: content; overflow-wrap: anywhere }
::placeholder { color: var(--muted); opacity: 1 }
[dir=rtl] :placeholder-shown { direction: rtl }
button { cursor: pointer; padding: .35em 1em; min-block-size: 2.25em; border: 1px solid var(--edge); background: none }
.fresh:hover { filter: brightness(1.1) }
.link { border-color: transparent; color: var(--accent); padding-inline: .5em; font-size: .875em; font-weight: 600 }
.link:hover { text-decoration: underline }
form { margin-block-end: 1.25em }
.notice { padding: .6em .9em; margin-block-end: 1em; border-inline-start: 3px solid var(--edge); background: var(--shade) }
.fresh, .more { display: block; inline-size: 100%; color: var(--accent); font-weight: 600; margin-block: .25em 1em }
.fresh { background: var(--shade); border-color: var(--accent) }
.empty { text-align: center; padding: 1.5em 1em; color: var(--muted); border-block-start: 1px solid var(--line) }
.empty > * { display: block }
.empty strong { color: var(--text) }
.list > li { border-block-start: 1px solid var(--line) }
.list .list { padding-inline-start: 1.25em; margin-inline-start: .1em; border-inline-start: 2px solid var(--line) }
.list .list > li { border: 0 }
.list .list .list .list .list { padding-inline-start: 0; margin: 0; border: 0 }
.list:empty { display: none }
article { padding-block: .9em .5em; scroll-margin-block: 5em }
.list .list article { padding-block-start: .5em }
.head { display: flex; flex-wrap: wrap; gap: 0 .6em; align-items: baseline }
.name { color: var(--text); font-weight: 650; font-size: 1.0714em; overflow-wrap: anywhere }
.you { border: 1px solid; border-radius: 3px; padding-inline: .35em; font-size: .8em }
.state { color: var(--wait); border: 1px solid; border-radius: 3px; padding-inline: .5em }
.body { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; margin-block: .2em; inline-size: fit-content; max-inline-size: 75ch }
.long { max-block-size: 18em; overflow: hidden; -webkit-mask-image: linear-gradient(#000 75%, transparent); mask-image: linear-gradient(#000 75%, transparent) }
[data-state]:not([data-state='']) .body { color: var(--muted) }
[data-state=removed] .body { font-style: italic }
[data-state=rejected] .state { color: var(--bad) }
ul { padding-inline-start: 1.2em }
li .link { margin-inline-start: -.5em }
@container (max-width: 26em) {
  .list .list { padding-inline-start: .75em }
}
@media (prefers-reduced-motion: no-preference) {
  .live { animation: live 2s }
  @keyframes live { from { background: var(--shade) } }
}
i { forced-color-adjust: none }
`

/** @param {ShadowRoot} root @param {string} more */
export function dress(root, more = '') {
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(LOOK + more)
    root.adoptedStyleSheets = [sheet]
  } catch {
    // Safari before 16.4 and Firefox before 101. By a strict policy of the page they show our texts in no style.
    root.append(make('style', {}, LOOK + more))
  }
}
