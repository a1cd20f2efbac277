import en from '../locales/en.js'

/**
 * @typedef {string | Record<string, string>} Text
 * @typedef {keyof typeof en | keyof typeof import('../locales/later/en.js').default} Key
 * @typedef {Partial<Record<string, Text>>} Table
 */

/** @type {Record<string, Table>} */
const LOCALES = { en }
/** @type {[number, number, Intl.RelativeTimeFormatUnit][]} below so many seconds, in this unit */
const STEPS = [[45, Infinity, 'second'], [3570, 60, 'minute'], [84600, 3600, 'hour'], [604800, 86400, 'day']]

/** Languages that are written from right to left. */
const RTL = /^(ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b(?!-(latn|deva))|-(arab|hebr)\b/i

/** What the widget says, in one language. */
export class Words {
  /**
   * @param {string} lang BCP 47; a language we have no table for is spoken in English.
   * @param {string | null} [json] texts of the page, instead of ours
   */
  constructor(lang, json) {
    const own = parsed(json)
    const base = lang.split('-')[0] ?? ''
    const [locale] = base in LOCALES || own ? Intl.DateTimeFormat.supportedLocalesOf(safe(lang)) : []
    this.lang = locale ?? 'en'
    this.dir = RTL.test(this.lang) ? 'rtl' : 'ltr'
    /** @type {Table} */
    this.table = { ...en, ...LOCALES[base], ...own }
    this.plural = new Intl.PluralRules(this.lang)
    this.relative = new Intl.RelativeTimeFormat(this.lang, { numeric: 'auto' })
  }

  /** Take in texts that came on need; what is there already stays: the page may have given its own. @param {Table} table */
  learn(table) {
    this.table = { ...table, ...this.table }
  }

  /**
   * @param {Key} key
   * @param {Record<string, string | number>} [values]
   */
  say(key, values = {}) {
    const entry = this.table[key] ?? ''
    const text = typeof entry === 'string' ? entry : entry[this.plural.select(Number(values.n))] ?? entry.other ?? ''
    return text.replace(/\{(\w+)\}/g, (_, name) => {
      const value = values[name] ?? ''
      return typeof value === 'number' ? value.toLocaleString(this.lang) : value
    })
  }

  /**
   * A reason in plain words: ours for its code, else the server's.
   * @param {{code: string, field?: string, text: string}} reason
   */
  why({ code, field, text }) {
    const key = `why-${field === 'author_name' ? 'name-' : field ? 'page-' : ''}${code}`
    return key in this.table ? this.say(/** @type {Key} */ (key)) : text
  }

  /**
   * How long ago. A reader's clock that is slow shows "now", never the future.
   * @param {string} iso
   */
  ago(iso) {
    const then = new Date(iso)
    const seconds = Math.max(0, (Date.now() - then.getTime()) / 1000)
    const step = STEPS.find(([below]) => seconds < below)
    return step
      ? this.relative.format(-Math.round(seconds / step[1]), step[2])
      : then.toLocaleDateString(this.lang, { dateStyle: 'medium' })
  }

  /** @param {string} iso */
  exactly(iso) {
    return new Date(iso).toLocaleString(this.lang, { dateStyle: 'long', timeStyle: 'short' })
  }
}

/** @param {string | null | undefined} json @returns {Table | null} */
function parsed(json) {
  try {
    return JSON.parse(json || 'null')
  } catch {
    return null
  }
}

/** @param {string} lang */
function safe(lang) {
  try {
    return Intl.getCanonicalLocales(lang)
  } catch {
    return []
  }
}
