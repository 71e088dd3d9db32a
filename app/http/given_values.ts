/** What was really given of a query or a form: clients send fields that nobody filled in as empty text. */
export function givenValues(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''))
}
