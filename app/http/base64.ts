const DATA_URL = /^data:[\w.+/-]{0,100};base64,/
const ALPHABET = /^[A-Za-z0-9+/_-]+={0,2}$/

/** The bytes that a text stands for, in either alphabet or as a data URL; `null` for what is not base64. */
export function decodeBase64(text: string): Buffer | null {
  const plain = text.replace(DATA_URL, '').replaceAll(/\s/g, '')
  return ALPHABET.test(plain) ? Buffer.from(plain, 'base64') : null
}
