/**
 * The look. A page changes it by `--parley-*` and `::part`; light or dark follows its `color-scheme`.
 * A browser that does not know `light-dark()` shows the page's own colours.
 */
export const sheet = new CSSStyleSheet()

sheet.replaceSync(`
:host {
  --text: var(--parley-text, light-dark(#1d1f24, #e8e9ed));
  --muted: var(--parley-muted, light-dark(#595d68, #a9adb9));
  --accent: var(--parley-accent, light-dark(#14509e, #9cc3ff));
  --on-accent: var(--parley-on-accent, light-dark(#fff, #0d1a2c));
  --line: var(--parley-line, light-dark(#dcdee3, #383b43));
  --edge: var(--parley-edge, light-dark(#7b808c, #7f8592));
  --field: var(--parley-field, light-dark(#fff, #1b1d22));
  --wait: light-dark(#fdf0cf, #3d3013);
  --on-wait: light-dark(#684400, #ffdb94);
  --bad: light-dark(#b01822, #ffa09c);
  --radius: var(--parley-radius, 6px);
  display: block;
  container-type: inline-size;
  color: var(--text);
  font-family: var(--parley-font, system-ui, sans-serif);
  font-size: var(--parley-font-size, inherit);
  line-height: 1.5;
  text-align: start;
}
:host([hidden]), [hidden] { display: none !important }
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
button, input, select, textarea { font: inherit; color: inherit; border-radius: var(--radius) }
input, select, textarea { background: var(--field); border: 1px solid var(--edge); padding: .3em .5em; min-block-size: 2.25em }
textarea { display: block; inline-size: 100%; padding: .6em .75em; min-block-size: 2.9em; max-block-size: 60vh; resize: vertical; field-sizing: content; overflow-wrap: anywhere }
.open textarea { min-block-size: 6em }
::placeholder { color: var(--muted); opacity: 1 }
[aria-invalid] { border-color: var(--bad); outline-color: var(--bad) }
button { cursor: pointer; padding: .35em 1em; min-block-size: 2.25em; border: 1px solid var(--edge); background: none }
.post { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600 }
.post:hover, .fresh:hover { filter: brightness(1.1) }
.link { border-color: transparent; color: var(--accent); padding-inline: .5em; font-size: .875em; font-weight: 600 }
.link:hover { text-decoration: underline }
[aria-disabled] { opacity: .6; cursor: default }
form { margin-block-end: 1.25em }
form > label { display: block; font-weight: 600; margin-block-end: .35em }
form:not(.open) :is(.row, .note) { display: none }
.row { display: flex; flex-wrap: wrap; gap: .5em; align-items: center; margin-block: .6em .35em }
.row input { flex: 1 1 9em; min-inline-size: 0; max-inline-size: 16em }
.error { color: var(--bad); font-weight: 600; font-size: .875em }
p.error { margin-block-start: .5em }
.notice { padding: .6em .9em; margin-block-end: 1em; border-inline-start: 3px solid var(--edge); background: color-mix(in srgb, currentcolor 6%, transparent) }
.fresh, .more { display: block; inline-size: 100%; color: var(--accent); font-weight: 600; margin-block: .25em 1em }
.fresh { background: color-mix(in srgb, var(--accent) 10%, transparent); border-color: var(--accent) }
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
.state { background: var(--wait); color: var(--on-wait); border: 1px solid transparent; border-radius: 3px; padding-inline: .5em }
.body { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; margin-block: .2em; max-inline-size: 75ch }
[data-state]:not([data-state='']) .body { color: var(--muted) }
[data-state=removed] .body { font-style: italic }
[data-state=rejected] .state { background: none; color: var(--bad); border-color: currentcolor }
ul { padding-inline-start: 1.2em }
li .link { margin-inline-start: -.5em }
.row .link { margin-inline-start: auto }
li > form { padding-block-end: .5em }
@container (max-width: 26em) {
  .list .list { padding-inline-start: .75em }
  .row input { max-inline-size: none; flex-basis: 100% }
}
@media (prefers-reduced-motion: no-preference) {
  .live { animation: live 2s }
  @keyframes live { from { background: color-mix(in srgb, var(--accent) 18%, transparent) } }
}
@media (forced-colors: active) {
  .post, .state { border-color: currentcolor }
}
`)
